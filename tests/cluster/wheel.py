"""The wheel by itself: what goes in and comes out, in batches and at once, and what it says of what cannot be.

    python -m unittest tests/cluster/wheel.py
"""

import functools
import pickle
import random
import tempfile
import unittest
from pathlib import Path

import gaitkeeper
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from gaitkeeper.spark import stretches

BOX = Path(__file__).parents[2] / "data/history.parquet"
SOME = 12_000
ORDER = [(name, "ascending") for name in ("published_at", "package", "version", "registry")]


@functools.cache
def some() -> pa.Table:
    """The beginning of the history in the box."""
    return pa.table(gaitkeeper.read_events(BOX)).slice(0, SOME)


def beside(table: pa.Table, added: gaitkeeper.Table) -> pa.Table:
    for name, column in zip((made := pa.table(added)).column_names, made.columns, strict=True):
        table = table.append_column(name, column)
    return table


def with_stale(events: pa.Table) -> pa.Table:
    """The publishes in their order, and whether nobody had published the package for half a year."""
    events = events.sort_by(ORDER)
    last: dict[str, int] = {}
    before: dict[str, tuple[int, int | None]] = {}
    stale = []
    times = events.column("published_at").cast(pa.int64()).to_pylist()
    for package, at in zip(events.column("package").to_pylist(), times, strict=True):
        moment, earlier = before.get(package, (None, None))
        if moment != at:
            earlier = last.get(package)
            before[package] = (at, earlier)
        stale.append(earlier is not None and at - earlier > gaitkeeper.STALE_MS)
        last[package] = at
    return events.append_column("stale", pa.array(stale))


def passes(events: pa.Table, batch: int, model: gaitkeeper.Model | None = None) -> pa.Table:
    """All passes, each in one partition, in batches of so many publishes."""
    rows = beside(with_stale(events), gaitkeeper.accounts(with_stale(events)))
    by_account = rows.sort_by([("account", "ascending"), *ORDER])
    accounts = gaitkeeper.AccountPass(model)
    parts = [beside(part, accounts.sides(part)) for part in cut(by_account, batch)]
    by_package = pa.concat_tables(parts).sort_by([("package", "ascending"), *ORDER])
    sights = [pa.table(gaitkeeper.first_sights(part)) for part in cut(rows, batch)]
    packages = gaitkeeper.PackagePass(pa.concat_tables(sights), model)
    parts = [beside(part, packages.points(part)) for part in cut(by_package, batch)]
    in_time = pa.concat_tables(parts).sort_by(ORDER)
    ranks = gaitkeeper.Ranks(model)
    judged = pa.concat_tables([beside(part, ranks.judge(part)) for part in cut(in_time, batch)])
    return judged.select(["registry", "package", "version", "published_at", "score", "p_value", "teaches"])


def cut(table: pa.Table, rows: int) -> list[pa.Table]:
    return [table.slice(first, rows) for first in range(0, table.num_rows, rows)]


class Wheel(unittest.TestCase):
    def test_passes_in_batches_come_to_the_scores_of_the_whole(self) -> None:
        events = some()
        whole = pa.table(gaitkeeper.score(events))
        self.assertEqual(whole.num_rows, SOME)
        self.assertGreater(pc.count_distinct(whole.column("score")).as_py(), 500)
        for batch in (SOME, 977):
            self.assertTrue(passes(events, batch).cast(whole.schema).equals(whole), f"batches of {batch}")

    def test_the_order_of_rows_and_the_type_of_strings_do_not_matter(self) -> None:
        events = some()
        shuffled = events.take(random.Random(7).sample(range(SOME), SOME))
        plain = pa.schema([f.with_type(pa.string()) if pa.types.is_large_string(f.type) else f for f in shuffled.schema])
        self.assertNotEqual(plain, shuffled.schema)
        wanted = pa.table(gaitkeeper.score(events))
        self.assertTrue(pa.table(gaitkeeper.score(shuffled.cast(plain))).equals(wanted))

    def test_what_is_written_is_read_again(self) -> None:
        events = some()
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "events.parquet"
            gaitkeeper.write_events(events, path)
            self.assertTrue(pa.table(gaitkeeper.read_events(path)).equals(events))
            self.assertEqual(pq.read_metadata(path).metadata[b"gaitkeeper.schema_version"], b"%d" % gaitkeeper.SCHEMA_VERSION)

    def test_a_model_goes_to_another_process(self) -> None:
        model = pickle.loads(pickle.dumps(gaitkeeper.Model()))
        self.assertEqual(model.id, gaitkeeper.Model().id)
        text = (BOX.parents[1] / "models/model.toml").read_text()
        self.assertEqual(pickle.loads(pickle.dumps(gaitkeeper.Model(text))).id, model.id)
        with self.assertRaisesRegex(ValueError, "line 1"):
            gaitkeeper.Model("nonsense")

    def test_everything_says_what_it_is(self) -> None:
        said = [getattr(gaitkeeper, name) for name in gaitkeeper.__all__ if callable(getattr(gaitkeeper, name))]
        said += [gaitkeeper.AccountPass.sides, gaitkeeper.PackagePass.points, gaitkeeper.Ranks.judge]
        self.assertEqual([thing for thing in said if not thing.__doc__], [])
        self.assertRegex(gaitkeeper.__version__, r"^\d")

    def test_columns_are_those_of_the_schema(self) -> None:
        names = [column.name for column in gaitkeeper.columns()]
        self.assertEqual(some().column_names, names)
        self.assertIn(gaitkeeper.RECORDED, names)
        required = {column.name for column in gaitkeeper.columns() if column.required}
        only = some().select([name for name in names if name in required])
        self.assertEqual(len(gaitkeeper.score(only)), SOME)

    def test_what_cannot_be_is_refused_and_named(self) -> None:
        events = some().slice(10_000, 1_000)
        rows = with_stale(events)
        with self.assertRaisesRegex(TypeError, "no Arrow table"):
            gaitkeeper.score(3)  # type: ignore[arg-type]
        with self.assertRaisesRegex(ValueError, "`package` is missing"):
            gaitkeeper.score(events.drop_columns(["package"]))
        texts = pa.array(["yesterday"] * 1_000)
        with self.assertRaisesRegex(ValueError, "column published_at.*not a timestamp"):
            gaitkeeper.score(events.set_column(events.column_names.index("published_at"), "published_at", texts))
        empty = pa.array([None, *events.column("package").to_pylist()[1:]], pa.string())
        with self.assertRaisesRegex(ValueError, "row 1, column package"):
            gaitkeeper.score(events.set_column(events.column_names.index("package"), "package", empty))
        with self.assertRaisesRegex(ValueError, "`stale` is missing"):
            gaitkeeper.AccountPass().sides(events)
        with self.assertRaisesRegex(ValueError, "`side` is missing"):
            gaitkeeper.PackagePass(gaitkeeper.first_sights(events)).points(rows)
        with self.assertRaisesRegex(ValueError, "`name` is missing"):
            gaitkeeper.PackagePass(events)
        with self.assertRaisesRegex(ValueError, "comes (after|again)"):
            gaitkeeper.AccountPass().sides(rows.sort_by([("published_at", "descending")]))
        strange = rows.append_column("side", pa.array([b"something"] * 1_000))
        with self.assertRaisesRegex(ValueError, "`side` is missing, or does not hold"):
            gaitkeeper.PackagePass(gaitkeeper.first_sights(events)).points(strange)
        backwards = pa.table({"published_at": rows.column("published_at").take(list(range(999, -1, -1))),
                              "points": pa.array([1] * 1_000, pa.int32()), "teaches": [True] * 1_000})
        with self.assertRaisesRegex(ValueError, "comes after"):
            gaitkeeper.Ranks().judge(backwards)

    def test_stretches_are_ranked_apart_with_what_the_window_held_before_them(self) -> None:
        dice = random.Random(7)
        counts = {hour: dice.randrange(0, 50) for hour in dice.sample(range(10_000), 700)}
        needed = stretches(counts, 9, 400)
        self.assertEqual(sorted(needed), sorted(counts))
        owners = [[stretch for stretch, own in needed[hour] if own] for hour in sorted(needed)]
        self.assertTrue(all(len(owner) == 1 for owner in owners), "each hour is judged once")
        numbers = [owner[0] for owner in owners]
        self.assertEqual(numbers, sorted(numbers))
        self.assertEqual(set(numbers), set(range(9)))
        for stretch in range(1, 9):
            own = [hour for hour in sorted(needed) if (stretch, True) in needed[hour]]
            before = [hour for hour in sorted(needed) if (stretch, False) in needed[hour]]
            self.assertLess(before[-1], own[0])
            self.assertGreaterEqual(sum(counts[hour] for hour in before), 400)
            between = [hour for hour in counts if before[0] <= hour < own[0]]
            self.assertEqual(sorted(between), before, "nothing in between is left out")
        one = stretches({5: 3}, 8, 400)
        self.assertEqual(one, {5: [(0, True)]})

    def test_a_table_without_rows_is_judged(self) -> None:
        self.assertEqual(len(gaitkeeper.score(some().slice(0, 0))), 0)
        self.assertEqual(pa.table(gaitkeeper.accounts(some().schema.empty_table())).num_rows, 0)


if __name__ == "__main__":
    unittest.main()
