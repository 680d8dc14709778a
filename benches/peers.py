"""What a Python user would do: isolation forest (scikit-learn) and ECOD (pyod) on the bits of every signal, as gaitkeeper's trees read them.

    gaitkeeper simulate --events 1000000 --seed 7 --out e.parquet --attacks a.parquet
    gaitkeeper backtest --events e.parquet --attacks a.parquet --fold 0 --scores s.parquet --surprises x.parquet
    python benches/peers.py s.parquet x.parquet [isolation-forest|ecod]

Needs polars, scikit-learn and pyod. Each detector runs in a process of its own: seconds are those of fitting and scoring alone, and
memory is the most that the process held. Recall is the share of malicious versions that score above what the budget's share of the others
exceeds.
"""

import resource
import subprocess
import sys
import time

import numpy as np
import polars as pl

BUDGETS = (100, 1_000, 10_000)


def ranks(points: np.ndarray, attack: np.ndarray) -> str:
    """Recall at each budget: a malicious version counts when it is above what the budget's share of the others exceeds."""
    ordinary = np.sort(points[~attack])[::-1]
    recall = [(points[attack] > ordinary[len(ordinary) // budget]).mean() for budget in BUDGETS]
    return " | ".join(f"{share:.3f}" for share in recall)


def main() -> None:
    scores_path, columns_path, *which = sys.argv[1:]
    scores = pl.read_parquet(scores_path, columns=["score", "is_attack"])
    attack = scores["is_attack"].to_numpy()
    if not which:
        print("| detector | s | peak MiB | recall 1/100 | 1/1,000 | 1/10,000 |\n| --- | --- | --- | --- | --- | --- |")
        print(f"| gaitkeeper (backtest) | | | {ranks(scores['score'].to_numpy(), attack)} |", flush=True)
        for name in ("isolation-forest", "ecod"):
            subprocess.run([sys.executable, __file__, scores_path, columns_path, name], check=True)
        return
    columns = pl.read_parquet(columns_path).select(pl.col(pl.Float32)).fill_null(0).fill_nan(0).to_numpy()
    begun = time.perf_counter()
    if which[0] == "isolation-forest":
        from sklearn.ensemble import IsolationForest

        points = -IsolationForest(random_state=7, n_jobs=2).fit(columns).score_samples(columns)
    else:
        from pyod.models.ecod import ECOD

        points = ECOD(n_jobs=2).fit(columns).decision_scores_
    took = time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"| {which[0]} | {took:.1f} | {peak:.0f} | {ranks(points, attack)} |", flush=True)


if __name__ == "__main__":
    main()
