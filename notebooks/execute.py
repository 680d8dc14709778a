"""Executes the notebooks from top to bottom and checks, or rewrites, what is committed.

    python notebooks/execute.py           executes all, changes nothing, fails on any error
    python notebooks/execute.py --write   and puts the fresh outputs into the notebooks

Committed notebooks show their outputs, so that they can be read without being run. Outputs are not
compared, because fonts and libraries differ from machine to machine; instead each notebook keeps the
digest of the code that its outputs came from, and code that was changed without `--write` is refused.
"""

import argparse
import base64
import hashlib
import io
import json
import os
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from PIL import Image

HERE = Path(__file__).resolve().parent
CELL_SECONDS = 180
LARGEST = 2_000_000
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def sources(notebook) -> str:
    """Digest of what the cells say."""
    said = [[cell.cell_type, cell.source] for cell in notebook.cells]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:16]


def bare(notebook) -> None:
    """Leaves out what changes from run to run or machine to machine: numbers of runs, times, versions."""
    digest = sources(notebook)
    notebook.metadata = nbformat.from_dict(METADATA | {"sources": digest})
    for number, cell in enumerate(notebook.cells, 1):
        cell.id, cell.metadata = f"c{number:02}", nbformat.from_dict({})
        if cell.cell_type == "code":
            cell.execution_count = None
            for output in cell.outputs:
                output.pop("execution_count", None)
                if "metadata" in output:
                    output.metadata = nbformat.from_dict({})
                if len(output.get("data", {})) > 1:
                    output.data.pop("text/plain", None)
                if "image/png" in output.get("data", {}):
                    output.data["image/png"] = smaller(output.data["image/png"])


def smaller(png: str) -> str:
    """A figure in 128 colours: the eye sees no difference, and the file is a third."""
    figure, out = Image.open(io.BytesIO(base64.b64decode(png))).convert("RGB"), io.BytesIO()
    figure.quantize(128, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
    return base64.b64encode(out.getvalue()).decode()


def faults(notebook) -> list[str]:
    """What must not be in a committed notebook."""
    found = []
    private = {str(HERE.parent), str(HERE), str(Path.home()), tempfile.gettempdir(), os.environ["GAITKEEPER_NOTEBOOK_CACHE"]}
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if output.output_type == "stream" and output.name == "stderr":
                found.append(f"cell {cell.id} warns: {output.text.strip()[:300]}")
            shown = json.dumps({kind: data for kind, data in output.get("data", {}).items() if kind != "image/png"})
            shown += output.get("text", "")
            found += [f"cell {cell.id} shows the path {path}" for path in private if path + "/" in shown]
    return found


def execute(path: Path, write: bool) -> list[str]:
    """Runs one notebook. Its faults, none if it is in order."""
    committed = nbformat.read(path, as_version=4)
    fresh = nbformat.read(path, as_version=4)
    before = sources(fresh)
    client = NotebookClient(
        fresh,
        timeout=CELL_SECONDS,
        kernel_name="python3",
        resources={"metadata": {"path": str(HERE)}},
        extra_arguments=["--log-level=ERROR"],
    )
    try:
        client.execute()
    except CellExecutionError as error:
        return [str(error)]
    bare(fresh)
    found = faults(fresh)
    if sources(fresh) != before:
        found.append("the cells changed while they ran")
    if write and not found:
        nbformat.validate(fresh)
        path.write_text(json.dumps(fresh, indent=1, ensure_ascii=False, sort_keys=True) + "\n")
        committed = fresh
    if found:
        return found
    if committed.metadata.get("sources") != before:
        return ["the cells are newer than their outputs: run `.ci/notebooks --write`"]
    for old, new in zip(committed.cells, fresh.cells, strict=True):
        if [o.output_type for o in old.get("outputs", [])] != [o.output_type for o in new.get("outputs", [])]:
            found.append(f"cell {new.id} shows another kind of output now: run `.ci/notebooks --write`")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description="Executes the notebooks")
    parser.add_argument("--write", action="store_true", help="put the fresh outputs into the notebooks")
    parser.add_argument("notebook", nargs="*", type=Path, help="some of them (default: all)")
    asked = parser.parse_args()
    # Cells run in the folder of the notebooks.
    if program := os.environ.get("GAITKEEPER_BIN"):
        os.environ["GAITKEEPER_BIN"] = str(Path(program).resolve())
    wanted = asked.notebook or sorted(HERE.glob("*.ipynb"))
    failed = 0
    with tempfile.TemporaryDirectory(prefix="gaitkeeper-notebooks-") as cache:
        os.environ.setdefault("GAITKEEPER_NOTEBOOK_CACHE", cache)
        # Figures must not depend on a matplotlibrc or an IPython profile of whoever runs this.
        os.environ.update(MPLCONFIGDIR=cache, IPYTHONDIR=cache, JUPYTER_RUNTIME_DIR=cache)
        for path in wanted:
            begun = time.monotonic()
            found = execute(path.resolve(), asked.write)
            print(f"{path.name}: {time.monotonic() - begun:.0f} s, {path.stat().st_size / 1000:.0f} kB", flush=True)
            for fault in found:
                print(f"  {fault}", file=sys.stderr, flush=True)
            failed += len(found)
    size = sum(path.stat().st_size for path in HERE.glob("*.ipynb"))
    if size > LARGEST:
        print(f"the notebooks are {size:,} bytes, more than {LARGEST:,}: fewer or smaller figures", file=sys.stderr)
        failed += 1
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main())
