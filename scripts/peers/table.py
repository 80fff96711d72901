"""Writes a Markdown table from the records of scripts/compare-peers.sh: scripts/peers/table.py FOLDER"""

import datetime
import glob
import json
import os
import re
import statistics
import sys

PEERS = ["llama.cpp", "CTranslate2 int8", "PyTorch f32"]


def read(folder):
    """(shape, tool, setting, measure, rows, threads) -> the records of all rounds"""
    figures = {}
    for path in sorted(glob.glob(f"{folder}/*-[0-9]*.json")):
        name = re.fullmatch(r"(.+)-(poe|llama|ctranslate2|pytorch|start)-\d+", os.path.basename(path)[:-5])
        for record in json.load(open(path)):
            measure, setting = record["measure"], record.get("setting", "")
            detail = record.get("detail", "")
            if measure in ("start", "memory") and detail.startswith("poe-run"):
                measure += " 100" if "100" in detail else " 1"
            elif name[2] == "poe" and measure in ("load", "limit", "memory"):
                measure += f": {detail}"
            tool = record.get("tool", "poe")
            if tool.startswith("llama.cpp"):
                tool, setting = "llama.cpp", f"{tool[10:]}, {setting}".rstrip(", ")
            key = name[1], tool, setting, measure, record["rows"], record["threads"]
            figures.setdefault(key, []).append(record)
    return figures


class Figure:
    """One figure over all rounds."""

    def __init__(self, key, records):
        self.shape, self.tool, self.setting, self.measure, self.rows, self.threads = key
        self.value = statistics.median(r["value"] for r in records)
        self.low, self.high = min(r["low"] for r in records), max(r["high"] for r in records)
        shares = [r["share"] for r in records if "share" in r]
        self.share = statistics.median(shares) if shares else None


def number(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


class Table:
    def __init__(self, figures):
        self.figures = [Figure(*item) for item in figures.items()]
        self.notes = []

    def best(self, shape, tool, measure, rows, threads, least):
        """The tool's best setting; `threads` nil = any number of them."""
        found = [
            f for f in self.figures
            if (f.shape, f.tool, f.measure, f.rows) == (shape, tool, measure, rows)
            and threads in (None, f.threads)]
        return (min if least else max)(found, key=lambda f: f.value, default=None)

    def line(self, title, shape, measure, rows, threads=None, least=False, own=None):
        """A row: our figures (`own` measures), the peers', and ours over the best peer's."""
        ours = [self.best(shape, "poe", m, rows, threads, least) for m in own or [measure]]
        peers = [self.best(shape, tool, measure, rows, threads, least) for tool in PEERS]
        there = [p.value for p in peers if p]
        cells = [title]
        for figure in [*ours, *([None] * (2 - len(ours)))]:
            if figure is None:
                cells.append("")
                continue
            reached = f", {100 * figure.share:.0f} %" if figure.share else ""
            cells.append(f"**{number(figure.value)}** ({number(figure.low)} to {number(figure.high)}{reached})")
        for peer in peers:
            how = [] if peer is None else [
                part for part in (f"{peer.threads}t" if threads is None and rows else "", peer.setting) if part]
            cells.append("" if peer is None else number(peer.value) + (f" ({', '.join(how)})" if how else ""))
        ratios = []
        for figure in ours:
            if figure and there:
                best = min(there) if least else max(there)
                ratios.append(f"{best / figure.value if least else figure.value / best:.1f}")
        return "| " + " | ".join([*cells, " / ".join(ratios)]) + " |"


def main():
    folder = sys.argv[1]
    figures = read(folder)
    table = Table(figures)
    rounds = max(len(records) for records in figures.values())
    machine = open(f"{folder}/machine.txt").read().strip().splitlines()
    versions = {
        next(peer for peer in PEERS if record["tool"].startswith(peer)): record["version"]
        for records in figures.values() for record in records if record.get("version")}
    print(f"Measured on {datetime.date.today()} by `scripts/compare-peers.sh`; rounds by turns: {rounds}.\n")
    print(f"- {machine[0]}; {machine[1]}")
    print(
        f"- llama.cpp {versions.get('llama.cpp', '')} (Q8_0 and Q4_0, flash attention on and off), CTranslate2"
        f" {versions.get('CTranslate2 int8', '')} (int8), PyTorch {versions.get('PyTorch f32', '')} (f32,"
        " key-value cache); of each the best setting counts, named behind its figure.")
    print(
        "- Medians of the rounds' medians; in parentheses the lowest and highest single run and the share of"
        " the bound (Benchmarks/README.md).")
    print(
        "- `steps` are decode steps with sampling; `all` is the same text with its prompt. llama.cpp: forward"
        " passes alone; CTranslate2 and PyTorch: all.\n")
    threads = max(key[5] for key in figures)
    head = "| | poe, steps | poe, all | " + " | ".join(PEERS) + " | times the best peer |"
    rule = "|---" * (head.count("|") - 1) + "|"
    own = ["decode", "generate"]
    print("### Reference shape (4.9 million parameters, `models/bpe.poem`)\n\nTokens a second.\n")
    print(head + "\n" + rule)
    print(table.line("decode, 1 text, 1 thread", "reference", "generate", 1, 1, own=own))
    if threads > 1:
        print(table.line(f"decode, 1 text, {threads} threads", "reference", "generate", 1, threads, own=own))
        print(table.line("decode, 1 text, best number of threads", "reference", "generate", 1, own=own))
    for rows in (8, 32, 64, 128):
        print(table.line(f"decode, {rows} texts, {threads} threads", "reference", "generate", rows, threads, own=own))
    for rows in (1, 32):
        print(table.line(f"prefill, 112 tokens x {rows}", "reference", "prefill", rows))
    print("\nMilliseconds and megabytes; less is better.\n")
    print(head.replace("poe, steps", "poe").replace("poe, all", "") + "\n" + rule)
    for count in (1, 100):
        title = f"process start to its end with {count} token{'s' * (count > 1)}, ms"
        print(table.line(title, "reference", f"start {count}", 1, least=True))
    print(table.line("peak memory, 100 tokens, MB", "reference", "memory 100", 1, least=True))
    print(table.line("file, MB", "reference", "file", 0, least=True))
    if any(f.shape == "gpt2-small" for f in table.figures):
        print(f"\n### GPT-2 small's shape (124 million parameters)\n\nTokens a second, {threads} threads.\n")
        print(head + "\n" + rule)
        print(table.line("decode, 64 tokens after 64", "gpt2-small", "generate", 1, threads, own=own))
        print(table.line("prefill, 64 tokens", "gpt2-small", "prefill", 1, threads))
    print("\n### Limits of the machine and loading, the same run\n\n| | threads | median | lowest | highest |\n|---|---|---|---|---|")
    for figure in table.figures:
        if figure.tool == "poe" and re.match("limit|load|memory: peak", figure.measure):
            unit = figures[
                (figure.shape, "poe", "", figure.measure, figure.rows, figure.threads)][0]["unit"]
            print(
                f"| {figure.shape}, {figure.measure} | {figure.threads} | {number(figure.value)} {unit} |"
                f" {number(figure.low)} | {number(figure.high)} |")


if __name__ == "__main__":
    main()
