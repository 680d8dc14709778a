"""Runs the gaitkeeper program and reads what it writes.

The notebooks judge nothing themselves: every score, surprise, threshold and sentence in them is the
program's. The program is `$GAITKEEPER_BIN`, or the debug build of this checkout. Its output is kept in
`$GAITKEEPER_NOTEBOOK_CACHE` (a folder of the system's temporary directory, if it is not set) under a
name that changes with the program, the data and the arguments.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import polars as pl

ROOT = Path(__file__).resolve().parent.parent
BINARY = Path(os.environ.get("GAITKEEPER_BIN") or ROOT / "target/debug/gaitkeeper").resolve()
HISTORY = ROOT / "data/history.parquet"
ATTACKS = ROOT / "data/attacks.parquet"
KEY = ["registry", "package", "version"]


def history() -> pl.DataFrame:
    """The history in the box by time, with `who`: the account, or the repository of a trusted publisher."""
    trusted = (pl.col("auth_kind") == "trusted_publisher").fill_null(False)
    repository = pl.concat_str(pl.lit("repository "), pl.col("repository"))
    who = pl.when(trusted).then(repository).otherwise(pl.col("publisher"))
    return pl.read_parquet(HISTORY).with_columns(who=who).sort("published_at", maintain_order=True)


def attacks() -> pl.DataFrame:
    """The attacks by incident and time; `real` marks incidents that happened, not replays."""
    real = pl.col("instance").str.starts_with("real:")
    return pl.read_parquet(ATTACKS).with_columns(real=real).sort("campaign", "instance", "published_at")


def backtest(fold: int | None = None) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Scores and surprises of every event, with the attacks of one run merged in, or with none.

    Rows of both tables are the same events in the same order.
    """
    arguments = ["backtest", "--events", HISTORY]
    if fold is not None:
        arguments += ["--attacks", ATTACKS, "--fold", str(fold)]
    folder = _kept(arguments, {"--scores": "scores.parquet", "--surprises": "surprises.parquet"})
    return pl.read_parquet(folder / "scores.parquet"), pl.read_parquet(folder / "surprises.parquet")


def evaluate() -> dict:
    """The comparison of methods: recall by campaign at each budget, and what it costs."""
    return json.loads(_said("evaluate", "--events", HISTORY, "--attacks", ATTACKS, "--json"))


def survey() -> pl.DataFrame:
    """How often what a signal asks about happened, and at how many publishes it could be asked."""
    text = _said("survey", "--events", HISTORY)
    found = re.findall(r"^\[signals\.([\w-]+)\]\n[^\n]*happened at (\d+) of (\d+) publishes", text, re.MULTILINE)
    rows = [(signal, int(happened), int(asked)) for signal, happened, asked in found]
    return pl.DataFrame(rows, schema={"signal": pl.String, "happened": pl.Int64, "asked": pl.Int64}, orient="row")


def signals() -> pl.DataFrame:
    """The program's table of signals."""
    lines = _said("signals", "--format", "markdown").splitlines()
    rows = [_cells(line) for line in lines[2:] if line.startswith("|")]
    return pl.DataFrame(rows, schema=_cells(lines[0]), orient="row").with_columns(pl.col("signal").str.strip_chars("`"))


def columns() -> dict[str, str]:
    """What each column of an event table means."""
    rows = [re.fullmatch(r"(\w+)\s+(?:required\s+)?(.+)", line) for line in _said("columns").splitlines()]
    return {row[1]: row[2] for row in rows if row}


def investigate(release: str, archive: Path | None = None) -> dict:
    """The finding of one version: contributions with their sentences, and what could not be judged."""
    return _findings(_said("investigate", release, "--format", "jsonl", *_at(archive)))[0]


def score(*options: str, archive: Path | None = None) -> list[dict]:
    """Findings of `gaitkeeper score` with these options."""
    return _findings(_said("score", *options, "--format", "jsonl", *_at(archive)))


def score_table(*options: str) -> pl.DataFrame:
    """The same with the three largest reasons only: lighter, for many publishes."""
    return pl.read_csv(_out("score", *options, "--format", "csv"), infer_schema_length=None)


def archive_with(rows: pl.DataFrame) -> Path:
    """An archive of the history in the box in which these rows stand in the place of the recorded ones."""
    folder = _folder(["archive", hashlib.sha256(rows.write_json().encode()).hexdigest()])
    if not (folder / "done").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        events = pl.read_parquet(HISTORY)
        known = [column for column in rows.columns if column in events.columns]
        merged = pl.concat([events.join(rows, on=KEY, how="anti"), rows.select(known)], how="diagonal")
        merged.sort("published_at", "package", "version").write_parquet(folder / "events.parquet")
        _run(["import", "--archive", folder / "archive", folder / "events.parquet"])
        (folder / "done").touch()
    return folder / "archive"


def _at(archive: Path | None) -> list:
    return [] if archive is None else ["--archive", archive]


def _findings(lines: str) -> list[dict]:
    return [row for row in map(json.loads, lines.splitlines()) if row["kind"] == "finding"]


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split(" | ")]


def _said(*arguments) -> str:
    return _out(*arguments).read_text()


def _out(*arguments) -> Path:
    return _kept(list(arguments), {}) / "out"


def _kept(arguments: list, files: dict[str, str]) -> Path:
    """Runs the program once; `files` are options that name a file to write."""
    folder = _folder(arguments)
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(dir=folder.parent))
        named = [part for option, name in files.items() for part in (option, work / name)]
        (work / "out").write_bytes(_run(arguments + named))
        work.rename(folder)
    return folder


def _folder(arguments: list) -> Path:
    made_of = [str(part) for part in arguments]
    for path in (BINARY, HISTORY, ATTACKS):
        seen = path.stat()
        made_of.append(f"{path} {seen.st_size} {seen.st_mtime_ns}")
    own = Path(tempfile.gettempdir()) / f"gaitkeeper-notebooks-{os.getuid()}"
    place = Path(os.environ.get("GAITKEEPER_NOTEBOOK_CACHE") or own)
    return place / hashlib.sha256("\n".join(made_of).encode()).hexdigest()[:20]


def _run(arguments: list) -> bytes:
    command = [str(BINARY), "--offline", "--quiet", *map(str, arguments)]
    own = {name: value for name, value in os.environ.items() if name != "GAITKEEPER_ARCHIVE"}
    # From the checkout, so that a configuration beside the notebooks' reader changes nothing.
    ran = subprocess.run(command, cwd=ROOT, env=own, capture_output=True, timeout=180)
    if ran.returncode != 0:
        said = ran.stderr.decode(errors="replace").strip()
        raise RuntimeError(f"gaitkeeper {arguments[0]} ended with {ran.returncode}: {said}")
    return ran.stdout
