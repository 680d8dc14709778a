"""How the notebooks speak and draw: computed prose, tables, and one look for every figure."""

import inspect

import matplotlib as mpl
import matplotlib.pyplot as plt
import polars as pl
from IPython.display import Markdown, display

# Okabe and Ito's palette: told apart by colour-blind readers too.
BLUE, VERMILION, GREEN, ORANGE, SKY, PURPLE = "#0072B2", "#D55E00", "#009E73", "#E69F00", "#56B4E9", "#CC79A7"
GREY, DARK = "#999999", "#333333"

mpl.rcParams.update(
    {
        "figure.dpi": 90,
        "figure.figsize": (9, 4),
        "figure.constrained_layout.use": True,
        "font.size": 10,
        "axes.titlesize": 11,
        "axes.titlelocation": "left",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.color": "#e6e6e6",
        "grid.linewidth": 0.8,
        "legend.frameon": False,
        "axes.prop_cycle": mpl.cycler(color=[BLUE, VERMILION, GREEN, ORANGE, SKY, PURPLE]),
    }
)


def say(text: str) -> None:
    """Shows Markdown. Numbers in it are computed where it is written."""
    display(Markdown(inspect.cleandoc(text)))


def pct(share: float, digits: int = 1) -> str:
    """A share as a percentage; what is not zero is never shown as zero."""
    smallest = 10.0**-digits
    if 0 < share * 100 < smallest:
        return f"under {smallest:g} %"
    return f"{share * 100:.{digits}f} %"


def table(frame: pl.DataFrame) -> None:
    """Shows a small table; text to the left, numbers to the right."""
    numeric = [frame.schema[name].is_numeric() for name in frame.columns]
    lines = ["| " + " | ".join(frame.columns) + " |", "|" + "|".join(" --: " if n else " --- " for n in numeric) + "|"]
    lines += ["| " + " | ".join(map(_cell, row)) + " |" for row in frame.iter_rows()]
    display(Markdown("\n".join(lines)))


def _cell(value) -> str:
    if value is None:
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return str(value).replace("|", "\\|")


def quote(lines: list[str]) -> None:
    """Shows the program's own words, as it wrote them."""
    display(Markdown("\n".join(["```text", *lines, "```"])))


def plain_log(axis) -> None:
    """Writes 1,000 and 0.01 % of a logarithmic axis as people do."""
    axis.set_major_formatter(mpl.ticker.FuncFormatter(lambda value, _: f"{value:,.10g}"))
    axis.set_minor_formatter(mpl.ticker.NullFormatter())


def panels(rows: int, columns: int, size: tuple[float, float], **how):
    """A figure of several axes."""
    return plt.subplots(rows, columns, figsize=size, **how)
