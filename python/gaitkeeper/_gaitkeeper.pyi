from os import PathLike
from typing import Protocol, final, type_check_only

__all__ = [
    "RECORDED",
    "SCHEMA_VERSION",
    "STALE_MS",
    "WINDOW",
    "AccountPass",
    "Model",
    "PackagePass",
    "Ranks",
    "Table",
    "accounts",
    "columns",
    "first_sights",
    "read_events",
    "score",
    "write_events",
]

@type_check_only
class ArrowStream(Protocol):
    """Anything that hands out an Arrow table: pyarrow, polars, pandas and DuckDB tables do."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...

SCHEMA_VERSION: int
"""Version of the event schema."""

STALE_MS: int
"""Milliseconds without a publish after which a package is stale: half a year."""

WINDOW: int
"""Scores among which a publish is ranked at most: what `Ranks` knew before the last so many that teach changes nothing."""

RECORDED: str
"""Column of which only counts whether something is recorded: any string will do."""

@final
class Table:
    """Columns, for `pyarrow.table(...)` or `polars.DataFrame(...)`."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...
    def __len__(self) -> int: ...

@final
class Model:
    """What judges: the text of a model file that `gaitkeeper train` made, or the model that comes with the program.

    Raises ValueError, with the line, where the text is no model.
    """

    def __new__(cls, text: str | None = None) -> Model: ...
    @property
    def id(self) -> str:
        """First twelve digits of the BLAKE3 hash of the model file."""
    def __reduce__(self) -> tuple[type[Model], tuple[str | None]]: ...

@final
class AccountPass:
    """The pass over accounts, for one partition.

    All publishes of an account are in one partition and follow each other in the order of their time in milliseconds, package, version,
    registry. Publishes of nobody (`accounts` is null) may be anywhere.
    """

    def __new__(cls, model: Model | None = None) -> AccountPass: ...
    def sides(self, data: ArrowStream) -> Table:
        """The column `side` (bytes) for the next batch: what the account says of each publish, null where nobody is named.

        `data` has the columns of the schema and `stale` (true or false): nobody published the package in the `STALE_MS`
        before, although somebody had earlier; of several publishes in one millisecond each is. Raises ValueError, with row and column, on a cell that cannot be, and where the
        partition is not sorted.
        """

@final
class PackagePass:
    """The pass over packages, for one partition: all publishes of a package are in one, in the order that `AccountPass` wants.

    `sights` are all rows of `first_sights` of the whole history.
    """

    def __new__(cls, sights: ArrowStream, model: Model | None = None) -> PackagePass: ...
    def points(self, data: ArrowStream) -> Table:
        """The columns `points` (32-bit, hundredths of the score) and `teaches` for the next batch.

        `data` has the columns of the schema, `stale` and `side`. Raises ValueError as `AccountPass.sides`.
        """

@final
class Ranks:
    """The last pass: over all publishes, in the order of time."""

    def __new__(cls, model: Model | None = None) -> Ranks: ...
    def judge(self, data: ArrowStream) -> Table:
        """The columns `score` (logarithm of the odds) and `p_value` (share of past publishes that scored at least as high)
        for the next batch.

        `data` has `published_at` (a timestamp), `points` and `teaches`. Raises ValueError where it is not in the order of time.
        """

def columns() -> list[tuple[str, str, bool, str, bool]]:
    """Name, kind, whether it is required, meaning, and whether a judgement depends on it, of each column of the event schema."""

def read_events(path: str | PathLike[str]) -> Table:
    """Reads an event table, Parquet or CSV. Raises ValueError, with file, row and column, where it cannot be."""

def write_events(data: ArrowStream, path: str | PathLike[str]) -> None:
    """Writes an event table as Parquet, with the version of the schema. The file appears when it is complete.

    Columns that the schema does not know are left out. Raises ValueError, with row and column, on a cell that cannot be.
    """

def score(data: ArrowStream, model: Model | None = None) -> Table:
    """Judges a whole history: registry, package, version, `published_at`, `score`, `p_value` and `teaches` (later publishes are
    ranked against it), in the order of time, then package, version and registry.

    Every publish is held against what came before it, so the rows may be in any order. Raises ValueError, with row and column,
    on a cell that cannot be.
    """

def accounts(data: ArrowStream) -> Table:
    """The column `account`: who each publish counts as, null where the registry does not say.

    An account name that many people share, as of a registry's own automation, is told apart by what is behind it.
    """

def first_sights(data: ArrowStream) -> Table:
    """When the names in some publishes appeared in them: `name` (a 64-bit hash) and `first_seen` (milliseconds since 1970).

    Of several batches the least counts.
    """
