"""Runs `gaitkeeper.spark` on a standalone cluster of its own: a master and two workers on loopback, each of one core.

    python tests/cluster/run.py --events events.parquet --expected scores.parquet [--kill]

`--expected` is what `gaitkeeper sweep --out` wrote: the same rows are wanted, to the bit. `--kill` ends one worker, with everything that
it runs and keeps, while the packages are gone over. Prints one line of JSON: seconds of the job, and what was killed when.
"""

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pyspark

LOOPBACK = "127.0.0.1"
# Nothing here takes as long.
LIMIT = 900
HOME = Path(pyspark.__file__).parent


def environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    return kept | {
        "SPARK_HOME": str(HOME),
        "SPARK_SCALA_VERSION": "2.13",
        "SPARK_LOCAL_IP": LOOPBACK,
        "PYSPARK_PYTHON": sys.executable,
    }


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind((LOOPBACK, 0))
        return int(listener.getsockname()[1])


class Daemon:
    """A process with a group of its own, which ends as a whole."""

    def __init__(self, command: list[str], log: Path) -> None:
        with log.open("wb") as out:
            self.process = subprocess.Popen(
                command, stdout=out, stderr=subprocess.STDOUT, env=environment(), start_new_session=True
            )
        self.log = log

    def end(self) -> None:
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()


def wait(what: str, limit: float, ready, alive=lambda: True) -> None:
    begun = time.monotonic()
    while not ready():
        if time.monotonic() - begun > limit or not alive():
            raise SystemExit(f"{what}: not after {limit} s")
        time.sleep(0.2)


def get(url: str):
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=5) as answer:
            return json.load(answer)
    except (urllib.error.URLError, ConnectionError, TimeoutError, json.JSONDecodeError):
        return None


def stages(ui: str) -> list[dict]:
    applications = get(f"{ui}/api/v1/applications") or []
    return (get(f"{ui}/api/v1/applications/{applications[0]['id']}/stages") or []) if applications else []


def kill_in_the_middle(ui: str, worker: Daemon, job: subprocess.Popen, partitions: int) -> dict:
    """Kills when the pass over packages, which reads what that over accounts left, has some but not all of its tasks done."""
    found: dict = {}

    def in_the_middle() -> bool:
        passes = [stage for stage in stages(ui) if stage["numTasks"] == partitions]
        if not any(stage["status"] == "COMPLETE" for stage in passes):
            return False
        for stage in passes:
            if stage["status"] == "ACTIVE" and 0 < stage["numCompleteTasks"] < partitions:
                found.update(stage)
                return True
        return False

    wait("the middle of a pass", LIMIT, in_the_middle, lambda: job.poll() is None)
    worker.end()
    return {"stage": found["stageId"], "done": found["numCompleteTasks"], "tasks": found["numTasks"]}


def differences(expected: Path, found: Path) -> str | None:
    wanted = pq.read_table(expected)
    got = pq.read_table(found).cast(wanted.schema)
    if wanted.num_rows != got.num_rows:
        return f"{got.num_rows} rows instead of {wanted.num_rows}"
    for name in wanted.column_names:
        column, other = (table.column(name).combine_chunks() for table in (wanted, got))
        if not column.equals(other):
            at = next(i for i in range(len(column)) if column[i] != other[i])
            return f"row {at}: {got.slice(at, 1).to_pylist()} instead of {wanted.slice(at, 1).to_pylist()}"
    return None


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=Path, required=True)
    parser.add_argument("--expected", type=Path, required=True)
    parser.add_argument("--partitions", type=int)
    parser.add_argument("--memory", default="3g", help="of each worker")
    parser.add_argument("--kill", action="store_true")
    options = parser.parse_args()
    if options.kill and not options.partitions:
        parser.error("--kill wants --partitions, by which it knows the passes")
    port, ui = free_port(), free_port()
    master_url = f"spark://{LOOPBACK}:{port}"
    running: list[Daemon] = []
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        spark = [str(HOME / "bin/spark-class"), "org.apache.spark.deploy"]
        try:
            master = [*spark[:1], f"{spark[1]}.master.Master", "--host", LOOPBACK, "--port", str(port), "--webui-port", "0"]
            running.append(Daemon(master, place / "master.log"))
            for number in range(2):
                worker = [*spark[:1], f"{spark[1]}.worker.Worker", "--host", LOOPBACK, "--port", "0", "--webui-port", "0"]
                worker += ["-c", "1", "-m", options.memory, "-d", str(place / f"worker-{number}"), master_url]
                running.append(Daemon(worker, place / f"worker-{number}.log"))
            log = running[0].log
            wait("two workers", 240, lambda: log.read_text(errors="replace").count("Registering worker") == 2)
            out = place / "scores"
            settings = {
                "spark.driver.host": LOOPBACK,
                "spark.driver.bindAddress": LOOPBACK,
                "spark.ui.port": str(ui),
                "spark.executor.memory": "1g",
                "spark.executor.cores": "1",
                "spark.local.dir": str(place),
            }
            job = [str(HOME / "bin/spark-submit"), "--master", master_url]
            job += [part for name, value in settings.items() for part in ("--conf", f"{name}={value}")]
            import gaitkeeper.spark

            job += [gaitkeeper.spark.__file__, "--events", str(options.events), "--out", str(out)]
            job += ["--partitions", str(options.partitions)] if options.partitions else []
            begun = time.monotonic()
            with (place / "job.log").open("wb") as lines:
                submitted = subprocess.Popen(job, stdout=lines, stderr=subprocess.STDOUT, env=environment(), start_new_session=True)
            told: dict = {}
            try:
                if options.kill:
                    told["killed"] = kill_in_the_middle(f"http://{LOOPBACK}:{ui}", running[2], submitted, options.partitions)
                code = submitted.wait(timeout=LIMIT)
            finally:
                if submitted.poll() is None:
                    os.killpg(submitted.pid, signal.SIGKILL)
                    submitted.wait()
            if code != 0:
                raise SystemExit((place / "job.log").read_text(errors="replace")[-4000:])
            told["seconds"] = round(time.monotonic() - begun, 1)
            if differ := differences(options.expected, out):
                raise SystemExit(differ)
            print(json.dumps(told))
        finally:
            for daemon in reversed(running):
                daemon.end()


if __name__ == "__main__":
    main()
