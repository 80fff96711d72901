#!/usr/bin/env python3
"""Screens many dials at two values each in a few runs: a plan for search.py, and what its results say.

    screen.py plan FACTORS.json > PLAN.json
    screen.py effects FACTORS.json RESULTS.jsonl

FACTORS.json is {"passes", "base": {dial: value}, "factors": {name: [{dial: value}, {dial: value}]}} with at
most 15 factors. The runs are the rows of a Hadamard matrix of 16 and, unless "runs" is 16, the same with all
signs turned: an effect is a difference of the means of two halves. With 32 runs no pair of factors together
passes for one alone. Of a run that RESULTS.jsonl has more than once, which search.py appends to, the last counts.
"""

import argparse
import json
import sys

import numpy as np


def signs(runs):
    """[runs, 15] of -1 and 1: orthogonal columns; of 32 runs, to products of two columns too."""
    h = np.ones((1, 1), dtype=int)
    for _ in range(4):
        h = np.block([[h, h], [h, -h]])
    return np.concatenate([h[:, 1:], -h[:, 1:]])[:runs]


def plan(description):
    runs = []
    for row in signs(description.get("runs", 32)):
        dials = dict(description["base"])
        for sign, values in zip(row, description["factors"].values()):
            dials.update(values[(sign + 1) // 2])
        runs.append(dials)
    passes = description["passes"]
    return [
        {"name": f"screen {k + 1}", "passes": passes, "measured": [passes // 2], "variants": runs[i : i + 16]}
        for k, i in enumerate(range(0, len(runs), 16))]


def planned(groups, results):
    """The results of the plan's groups, in its order; None if one is missing, or of other variants."""
    last = {result["name"]: result for result in results}
    found = [last.get(group["name"]) for group in groups]
    complete = all(x and x["variants"] == group["variants"] for x, group in zip(found, groups))
    return found if complete else None


def effects(factors, groups):
    """Prints each factor's effect on the losses: the mean with its second value less that with its first."""
    last = [group["history"][-1] for group in groups]
    columns = {"calibrated": np.concatenate([row["calibrated"] for row in last])}
    means = [np.concatenate([row[k] for row in last]) for k in last[0] if k.startswith("mean ")]
    columns["mean weights"] = np.min(means, axis=0)
    columns["plain"] = np.concatenate([row["validation"] for row in last])
    columns["training"] = np.concatenate([row["training"] for row in last])
    for name, losses in columns.items():
        print(f"{name}: {losses.mean():.4f}, from {losses.min():.4f} to {losses.max():.4f}")
    print("".join(f"{name:>14}" for name in columns))
    runs = len(columns["plain"])
    matrix = signs(runs)
    for i, (name, values) in enumerate(factors.items()):
        row = [2 * (matrix[:, i] * losses).mean() for losses in columns.values()]
        print("".join(f"{x:14.4f}" for x in row), f" {name}: {values[0]} -> {values[1]}")
    # What is left of a run when all effects are taken away: its chance, and factors that act together.
    losses = columns["mean weights"]
    fitted = losses.mean() + sum(
        matrix[:, i] * (matrix[:, i] * losses).mean() for i in range(len(factors)))
    if runs > len(factors) + 1:
        spread = np.sqrt(((losses - fitted) ** 2).sum() / (runs - 1 - len(factors)))
        print(f"standard error of an effect: {spread * 2 / np.sqrt(runs):.4f}")


def main():
    parser = argparse.ArgumentParser(description="Screen many dials at two values each.")
    parser.add_argument("what", choices=("plan", "effects"))
    parser.add_argument("factors")
    parser.add_argument("results", nargs="?")
    arguments = parser.parse_args()
    with open(arguments.factors, encoding="utf-8") as file:
        description = json.load(file)
    if not 1 <= len(description["factors"]) <= 15:
        parser.error(f"{arguments.factors} has {len(description['factors'])} factors; expected 1 to 15")
    if arguments.what == "plan":
        print(json.dumps(plan(description), indent=1))
        return
    if arguments.results is None:
        parser.error("effects needs the results of search.py, a file that --out wrote")
    with open(arguments.results, encoding="utf-8") as file:
        groups = planned(plan(description), [json.loads(line) for line in file])
    if groups is None:
        sys.exit(f"screen: {arguments.results} lacks runs that {arguments.factors} plans; run search.py to its end")
    effects(description["factors"], groups)


if __name__ == "__main__":
    main()
