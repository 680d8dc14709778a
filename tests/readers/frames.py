"""Reads both tables of every export with polars, as a notebook would, and compares every cell with the csv module."""

import csv
import sys
from pathlib import Path

import polars as pl

csv.field_size_limit(sys.maxsize)


def check(folder: Path) -> None:
    for name in ["findings.csv", "signals.csv"]:
        with open(folder / name, newline="", encoding="utf-8") as file:
            header, *rows = csv.reader(file)
        frame = pl.read_csv(folder / name, infer_schema=False)
        assert frame.columns == header, (folder, name, frame.columns, header)
        assert frame.height == len(rows), (folder, name, frame.height, len(rows))
        for number, (seen, meant) in enumerate(zip(frame.iter_rows(), rows)):
            assert [cell or "" for cell in seen] == meant, (folder, name, number, seen, meant)
    numbers = {"score": pl.Float64, "points": pl.Float64, "version": pl.String}
    findings, signals = (
        pl.read_csv(folder / name, schema_overrides=numbers, infer_schema_length=None)
        for name in ["findings.csv", "signals.csv"]
    )
    sums = signals.group_by("id").agg(pl.col("points").sum().round(2))
    joined = findings.join(sums, on="id", how="left", validate="1:1")
    assert joined.height == findings.height, folder
    assert (joined["score"].round(2) == joined["points"]).all(), (folder, joined.select("id", "score", "points"))


for path in sys.argv[1:]:
    check(Path(path))
