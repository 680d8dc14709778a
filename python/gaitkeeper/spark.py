"""A sweep over a registry on Apache Spark: the scores and p-values of `gaitkeeper sweep`, to the bit.

    python -m gaitkeeper.spark --master spark://HOST:7077 --events events.parquet --out scores

Accounts and packages are passes of their own. Each is one shuffle by the entity, sorted within the partition, and a kernel that
streams over it: it holds the habits of one entity, never its publishes, so that an account with ten million of them needs time and
no memory, and nothing is salted. The last pass ranks scores in the order of time, in stretches: each begins with the scores that the
window held before it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pyarrow as pa

import gaitkeeper

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

# Publishes of a partition, about.
PARTITION = 400_000

# Milliseconds of an hour.
HOUR = 3_600_000

# What entities are sorted by within a partition: publishes of one millisecond teach in this order.
ORDER = ("_at", "package", "version", "registry", "_row")

# Columns of a table of judgements, as `gaitkeeper sweep --out` writes it.
JUDGED = ["registry", "package", "version", "published_at", "score", "p_value", "teaches"]

# Columns on which it depends what names appear with a publish, and those that no table lacks.
NAMED = {
    *(column.name for column in gaitkeeper.columns() if column.required),
    "removed",
    "install_script_id",
    "dependencies",
    "optional_dependencies",
}

Batches = Iterator[pa.RecordBatch]


def _beside(batch: pa.RecordBatch, added: gaitkeeper.Table, fields: list[pa.Field]) -> pa.RecordBatch:
    """A batch with the columns that a kernel made of it."""
    table = pa.table(added)
    for field in fields:
        column = table.column(field.name).cast(field.type).combine_chunks()
        batch = batch.append_column(field, column)
    return batch


def _with_account(batches: Batches) -> Batches:
    for batch in batches:
        yield _beside(batch, gaitkeeper.accounts(batch), [pa.field("account", pa.string())])


def _first_sights(batches: Batches) -> Batches:
    for batch in batches:
        yield from pa.table(gaitkeeper.first_sights(batch)).to_batches()


def _account_pass(model: gaitkeeper.Model) -> Callable[[Batches], Batches]:
    def kernel(batches: Batches) -> Batches:
        accounts = gaitkeeper.AccountPass(model)
        for batch in batches:
            yield _beside(batch, accounts.sides(batch), [pa.field("side", pa.binary())])

    return kernel


def _package_pass(model: gaitkeeper.Model, sights: bytes) -> Callable[[Batches], Batches]:
    def kernel(batches: Batches) -> Batches:
        packages = gaitkeeper.PackagePass(pa.ipc.open_stream(sights).read_all(), model)
        fields = [pa.field("points", pa.int32()), pa.field("teaches", pa.bool_())]
        for batch in batches:
            kept = batch.select(["registry", "package", "version", "published_at", "_at", "_row"])
            yield _beside(kept, packages.points(batch), fields)

    return kernel


def _rank_pass(model: gaitkeeper.Model) -> Callable[[Batches], Batches]:
    def kernel(batches: Batches) -> Batches:
        ranks, current = gaitkeeper.Ranks(model), None
        fields = [pa.field("score", pa.float32()), pa.field("p_value", pa.float64())]
        for batch in batches:
            for stretch, part in _stretches(batch):
                if stretch != current:
                    ranks, current = gaitkeeper.Ranks(model), stretch
                judged = _beside(part, ranks.judge(part), fields)
                # What only goes before belongs to another stretch.
                yield judged.filter(judged.column("_own")).select(JUDGED)

    return kernel


def _stretches(batch: pa.RecordBatch) -> Iterator[tuple[int, pa.RecordBatch]]:
    """The rows of each stretch, which follow each other."""
    numbers = batch.column("_stretch").to_numpy(zero_copy_only=False)
    first = 0
    while first < len(numbers):
        end = int(numbers.searchsorted(numbers[first], side="right"))
        yield int(numbers[first]), batch.slice(first, end - first)
        first = end


def stretches(counts: dict[int, int], number: int, window: int) -> dict[int, list[tuple[int, bool]]]:
    """Cuts time into stretches of about as many publishes that can be ranked apart from each other.

    `counts` says how many publishes teach in each hour in which anything was published. For each hour come back the stretches that
    need its publishes, and whether they are the stretch's own: before these go as many as the window of scores holds.
    """
    hours = sorted(counts)
    target = max(1, -(-sum(counts.values()) // number))
    starts, seen = [0], 0
    for place, hour in enumerate(hours):
        if seen >= target * len(starts):
            starts.append(place)
        seen += counts[hour]
    needed: dict[int, list[tuple[int, bool]]] = {hour: [] for hour in hours}
    for stretch, (start, end) in enumerate(zip(starts, [*starts[1:], len(hours)], strict=True)):
        for hour in hours[start:end]:
            needed[hour].append((stretch, True))
        before, held = start, 0
        while before > 0 and held < window:
            before -= 1
            held += counts[hours[before]]
            needed[hours[before]].append((stretch, False))
    return needed


def sweep(
    events: DataFrame, model: gaitkeeper.Model | None = None, partitions: int | None = None
) -> DataFrame:
    """Judges every publish of `events`, which has the columns of the event schema, in any order.

    Hands back the columns of JUDGED in the order of the history. When names appeared (16 bytes each) and how much was published in each hour
    is collected first, so that this call runs jobs. `partitions` is the number of partitions of each pass: one for every 400,000
    publishes, and at least two a core, unless told otherwise.
    """
    from pyspark.sql import Window
    from pyspark.sql import functions as f

    if model is not None and not isinstance(model, gaitkeeper.Model):
        raise TypeError(f"{model!r} is no gaitkeeper.Model: give gaitkeeper.Model(text of a model file)")
    if partitions is not None and partitions < 1:
        raise ValueError(f"{partitions} partitions: give at least one")
    if missing := [c.name for c in gaitkeeper.columns() if c.required and c.name not in events.columns]:
        raise ValueError(f"the table lacks {', '.join(missing)}: see gaitkeeper.columns()")
    model = model or gaitkeeper.Model()
    spark = events.sparkSession
    judged = [c.name for c in gaitkeeper.columns() if c.judged and c.name in events.columns]
    if partitions is None:
        cores = _cores(spark)
        partitions = max(2 * cores, -(-events.count() // PARTITION))

    rows = events.select(*judged)
    if gaitkeeper.RECORDED in judged:
        is_recorded = f.when(f.col(gaitkeeper.RECORDED).isNotNull(), f.lit("recorded"))
        rows = rows.withColumn(gaitkeeper.RECORDED, is_recorded)
    types = rows.schema.simpleString().removeprefix("struct<").removesuffix(">")
    named = rows.select([c for c in rows.columns if c in NAMED])
    sights = named.mapInArrow(_first_sights, "name bigint, first_seen bigint").groupBy("name")
    known = _ipc(sights.agg(f.min("first_seen").alias("first_seen")).toArrow())

    rows = rows.withColumn("_at", f.unix_millis(f.col("published_at").cast("timestamp")))
    rows = rows.withColumn("_row", f.monotonically_increasing_id())
    times_of = rows.select("_at", *(c for c in judged if c == "removed"))
    in_time = Window.partitionBy("package").orderBy("_at")
    times = rows.select("package", "_at").distinct()
    gaps = times.withColumn("_gap", f.col("_at") - f.lag("_at").over(in_time)).where(
        f.col("_gap") > gaitkeeper.STALE_MS
    )
    stale = gaps.select("package", "_at", f.lit(True).alias("stale"))
    rows = rows.mapInArrow(_with_account, f"{types}, _at bigint, _row bigint, account string")
    rows = rows.join(stale, ["package", "_at"], "left").withColumn("stale", f.coalesce("stale", f.lit(False)))
    # Publishes of nobody are spread by their package.
    rows = rows.withColumn("_by", f.coalesce("account", f.concat(f.lit("\0"), "package")))
    by_account = rows.repartition(partitions, "_by").sortWithinPartitions("_by", *ORDER)
    types = by_account.schema.simpleString().removeprefix("struct<").removesuffix(">")
    with_sides = by_account.mapInArrow(_account_pass(model), f"{types}, side binary").drop("_by", "account")
    by_package = with_sides.repartition(partitions, "package").sortWithinPartitions("package", *ORDER)
    release = "registry string, package string, version string, published_at timestamp"
    points = by_package.mapInArrow(
        _package_pass(model, known), f"{release}, _at bigint, _row bigint, points int, teaches boolean"
    )
    hour = f.floor(f.col("_at") / HOUR)
    # As in the policy that asks nobody: what is no longer public does not teach.
    teaches = f.lit(True) if "removed" not in judged else ~f.coalesce("removed", f.lit(False))
    by_hour = times_of.groupBy(hour.alias("hour")).agg(f.sum(teaches.cast("long")).alias("teaching")).toArrow()
    counts = dict(zip(by_hour.column("hour").to_pylist(), by_hour.column("teaching").to_pylist(), strict=True))
    # A key that Spark sends to the partition of the stretch's number, so that the files are in the order of time.
    there = f.pmod(f.hash("id"), f.lit(partitions))
    keys = {row["there"]: row["id"] for row in spark.range(50 * partitions).select("id", there.alias("there")).collect()}
    needed = [
        (when, stretch, keys.get(stretch, stretch), own)
        for when, of in stretches(counts, partitions, gaitkeeper.WINDOW).items()
        for stretch, own in of
    ]
    stretch = f.broadcast(spark.createDataFrame(needed, "_hour bigint, _stretch int, _key bigint, _own boolean"))
    points = points.join(stretch, hour == f.col("_hour"))
    in_order = points.repartition(partitions, "_key").sortWithinPartitions("_stretch", *ORDER)
    return in_order.mapInArrow(_rank_pass(model), f"{release}, score float, p_value double, teaches boolean")


def _cores(spark: SparkSession) -> int:
    try:
        return spark.sparkContext.defaultParallelism
    except Exception:  # A remote session has no context.
        return 2


def _ipc(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue().to_pybytes())


def main(arguments: list[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(
        prog="gaitkeeper.spark", description="Judge every publish of a registry on Apache Spark."
    )
    parser.add_argument("--events", required=True, help="event table: a Parquet file or a folder of them, that every worker reads")
    parser.add_argument("--out", required=True, help="folder for the scores, Parquet; it must not be there")
    parser.add_argument("--master", help="the cluster, as spark://HOST:7077 (default: what spark-submit or Spark's settings say)")
    parser.add_argument("--model", help="model file instead of the one that comes with the program")
    parser.add_argument("--partitions", type=int, help="partitions of each pass (default: one for every 400,000 publishes)")
    options = parser.parse_args(arguments)
    from pyspark.sql import SparkSession

    text = None
    if options.model:
        with open(options.model, encoding="utf-8") as file:
            text = file.read()
    builder = SparkSession.builder.appName("gaitkeeper")
    if options.master:
        builder = builder.master(options.master)
    spark = (
        builder.config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.execution.arrow.maxRecordsPerBatch", "50000")
        .getOrCreate()
    )
    try:
        events = spark.read.parquet(options.events)
        sweep(events, gaitkeeper.Model(text), options.partitions).write.parquet(options.out)
    finally:
        spark.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
