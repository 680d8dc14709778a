"""Recognises a package maintainer by gait: scores every publish by how unlike its maintainer it is.

A history in memory is judged at once:

    import gaitkeeper, pyarrow as pa
    judged = pa.table(gaitkeeper.score(gaitkeeper.read_events("history.parquet")))

A history that another engine cuts into partitions goes through the passes, each over partitions of its own order;
`gaitkeeper.spark` runs them on Apache Spark. Tables go in and out through the Arrow PyCapsule interface: give a pyarrow Table,
RecordBatch or RecordBatchReader, a polars DataFrame or a table of this module, and wrap what comes back in `pyarrow.table(...)` or
`polars.DataFrame(...)`.
"""

from importlib.metadata import PackageNotFoundError, version
from typing import NamedTuple

from . import _gaitkeeper
from ._gaitkeeper import (
    RECORDED,
    SCHEMA_VERSION,
    STALE_MS,
    WINDOW,
    AccountPass,
    Model,
    PackagePass,
    Ranks,
    Table,
    accounts,
    first_sights,
    read_events,
    score,
    write_events,
)

__all__ = [
    "RECORDED",
    "SCHEMA_VERSION",
    "STALE_MS",
    "AccountPass",
    "Column",
    "Model",
    "PackagePass",
    "Ranks",
    "Table",
    "WINDOW",
    "accounts",
    "columns",
    "first_sights",
    "read_events",
    "score",
    "write_events",
]


try:
    __version__ = version("gaitkeeper")
except PackageNotFoundError:
    __version__ = "unknown"


class Column(NamedTuple):
    """A column of the event schema."""

    name: str
    kind: str
    required: bool
    meaning: str
    judged: bool


def columns() -> list[Column]:
    """The columns of the event schema, in their order."""
    return [Column(*column) for column in _gaitkeeper.columns()]
