"""Speed of llama.cpp, CTranslate2 and PyTorch at the shapes that poe-bench measures.

    python3 scripts/peers/bench.py llama|ctranslate2|pytorch|start [--shape SHAPE] [--runs 5]

Called by scripts/compare-peers.sh; Benchmarks/README.md says what has to be installed. $LAB is the folder
with the peers: models/SHAPE/ as make_models.py makes them, llama-build/bin/ with llama.cpp's
programs. Prints one JSON list of records as poe-bench's, each with its `tool` and its `setting`.

Generation, here as in poe-bench: 16-token prompts and 100 new tokens each (64 and 64 for gpt2-small),
temperature 0.8, top-k 40. CTranslate2's and PyTorch's figures include the prompts, llama.cpp's neither
prompts nor sampling.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time

LAB = os.environ.get("LAB", "lab")
BIN = f"{LAB}/llama-build/bin"

# layers, width, heads, context, vocabulary
SHAPES = {"reference": (6, 256, 8, 128, 512), "gpt2-small": (12, 768, 12, 1024, 50257)}
# prompt, new tokens, prefilled tokens; rows of decoding and of prefilling
WORK = {
    "reference": (16, 100, 112, [1, 8, 32, 64, 128], [1, 32]),
    "gpt2-small": (64, 64, 64, [1], [1]),
}
# CTranslate2 depends strongly on its environment; the best setting of each measure counts. The default is
# left out for several threads, where it was up to ten times slower than the others.
CTRANSLATE2 = {
    "default": {},
    "active wait": {"OMP_WAIT_POLICY": "active"},
    "oneDNN, active wait": {"CT2_USE_MKL": "0", "OMP_WAIT_POLICY": "active"},
    "one worker a thread": {"OMP_NUM_THREADS": "1"},
}


def models(shape):
    return f"{LAB}/models/{shape}"


class Report:
    """The records of one tool."""

    def __init__(self, tool, version=None):
        self.tool, self.version, self.records = tool, version, []

    def add(self, measure, rows, threads, values, setting="", unit="tok/s"):
        if not values:
            return
        self.records.append({
            "tool": self.tool, "version": self.version, "setting": setting, "measure": measure, "rows": rows,
            "threads": threads, "value": statistics.median(values), "unit": unit, "low": min(values),
            "high": max(values), "runs": len(values)})

    def time(self, measure, rows, threads, tokens, work, runs, setting=""):
        """Tokens a second of `work`, which handles `tokens` of them; one run does not count."""
        work()
        speeds = []
        for _ in range(runs):
            start = time.perf_counter()
            work()
            speeds.append(tokens / (time.perf_counter() - start))
        self.add(measure, rows, threads, speeds, setting)


def output_of(command):
    done = subprocess.run(command, capture_output=True, text=True, errors="replace")
    if done.returncode:
        sys.exit(f"peers/bench: failed: {' '.join(command)}\n{done.stderr[-600:]}")
    return done.stdout


def llama(shape, runs):
    """llama.cpp's own programs, each measure with flash attention off and on."""
    prompt, new, prefilled, decode_rows, prefill_rows = WORK[shape]
    cores = os.cpu_count()

    def bench(report, file, threads, measure, arguments):
        for flash in "01":
            text = output_of([
                f"{BIN}/llama-bench", "-m", file, "-t", str(threads), "-r", str(runs), "-fa", flash,
                "-o", "json", *arguments])
            for row in json.loads(text):
                report.version = f"commit {row['build_commit']}"
                setting = f"flash attention {'on' if flash == '1' else 'off'}"
                report.add(measure, 1, threads, row["samples_ts"], setting)

    def batched(report, file, rows, measure, prompt, new, column):
        for flash in ("off", "on"):
            speeds = []
            for _ in range(min(runs, 3)):
                text = output_of([
                    f"{BIN}/llama-batched-bench", "-m", file, "-c", str(rows * 256), "-b", "4096",
                    "-ub", "4096" if measure == "prefill" else "512", "-npp", str(prompt), "-ntg",
                    str(new), "-npl", str(rows), "-t", str(cores), "-tb", str(cores), "-fa", flash,
                    "--output-format", "jsonl"])
                # Its line is sometimes lost at exit.
                speeds += [json.loads(l)[column] for l in text.splitlines() if l.startswith("{")]
            report.add(measure, rows, cores, speeds, f"flash attention {flash}")

    records = []
    for kind in ("Q8_0", "Q4_0"):
        report = Report(f"llama.cpp {kind}")
        file = f"{models(shape)}/{kind}.gguf"
        for threads in sorted({1, cores}):
            bench(report, file, threads, "generate", ["-p", "0", "-n", str(new), "-d", str(prompt)])
            bench(report, file, threads, "prefill", ["-p", str(prefilled), "-n", "0"])
        for rows in decode_rows[1:]:
            batched(report, file, rows, "generate", prompt, new, "speed_tg")
        for rows in prefill_rows[1:]:
            batched(report, file, rows, "prefill", prefilled, 1, "speed_pp")
        report.add("file", 0, 1, [os.path.getsize(file) / 1e6], unit="MB")
        records += report.records
    return records


def ctranslate2(shape, runs):
    """int8, each environment in a process of its own."""
    cores = os.cpu_count()
    records = []
    for threads in sorted({1, cores}):
        for setting, variables in CTRANSLATE2.items():
            if setting == ("one worker a thread" if threads == 1 else "default"):
                continue
            environment = dict(os.environ, OMP_NUM_THREADS=str(threads)) | variables
            text = subprocess.run(
                [sys.executable, __file__, "ctranslate2-part", "--shape", shape, "--runs", str(runs),
                 "--threads", str(threads), "--setting", setting],
                check=True, capture_output=True, text=True, env=environment).stdout
            records += json.loads(text)
    size = sum(
        entry.stat().st_size for entry in os.scandir(f"{models(shape)}/ct2-int8")
        if entry.name == "model.bin")
    report = Report("CTranslate2 int8")
    report.add("file", 0, 1, [size / 1e6], unit="MB")
    return records + report.records


def ctranslate2_part(shape, runs, threads, setting):
    import random

    import ctranslate2

    prompt, new, prefilled, decode_rows, prefill_rows = WORK[shape]
    workers = threads if setting == "one worker a thread" else 1
    folder = f"{models(shape)}/ct2-int8"
    words = json.load(open(f"{folder}/vocabulary.json"))
    generator = ctranslate2.Generator(
        folder, device="cpu", compute_type="int8", inter_threads=workers,
        intra_threads=threads // workers)

    def generate(rows, given, count):
        prompts = [[random.choice(words[:-1]) for _ in range(given)] for _ in range(rows)]
        # With the prompt left out of the result it runs as one batch, and max_length counts new tokens.
        results = generator.generate_batch(
            prompts, max_length=count, min_length=count, sampling_topk=40, sampling_temperature=0.8,
            include_prompt_in_result=False,
            max_batch_size=(rows + workers - 1) // workers if workers > 1 else 0)
        assert sum(len(r.sequences_ids[0]) for r in results) == rows * count

    report = Report("CTranslate2 int8", ctranslate2.__version__)
    for rows in decode_rows if threads > 1 else [1]:
        report.time(
            "generate", rows, threads, rows * new, lambda: generate(rows, prompt, new), runs, setting)
    for rows in prefill_rows:
        report.time(
            "prefill", rows, threads, rows * prefilled, lambda: generate(rows, prefilled, 1), runs,
            setting)
    return report.records


def pytorch(shape, runs):
    """f32 with a key-value cache."""
    import torch

    from gpt import CachedGPT

    prompt, new, prefilled, decode_rows, prefill_rows = WORK[shape]
    layers, width, heads, context, vocabulary = SHAPES[shape]
    torch.manual_seed(1)
    model = CachedGPT(layers, width, heads, context, vocabulary).eval()
    report = Report("PyTorch f32", torch.__version__)
    for threads in sorted({1, os.cpu_count()}):
        torch.set_num_threads(threads)

        def tokens(rows, count):
            return torch.randint(0, vocabulary, (rows, count))

        for rows in decode_rows if threads > 1 else [1]:
            report.time(
                "generate", rows, threads, rows * new,
                lambda: model.generate(tokens(rows, prompt), new), runs)
        for rows in prefill_rows:
            report.time(
                "prefill", rows, threads, rows * prefilled,
                lambda: model.generate(tokens(rows, prefilled), 1), runs)
    return report.records


START_CTRANSLATE2 = """
import ctranslate2, json
folder, threads, count = {folder!r}, {threads}, {count}
words = json.load(open(folder + "/vocabulary.json"))
generator = ctranslate2.Generator(folder, compute_type="int8", intra_threads=threads)
generator.generate_batch([words[:16]], max_length=count, min_length=count, sampling_topk=40,
                         sampling_temperature=0.8, include_prompt_in_result=False)
"""


def start(shape, runs):
    """Whole processes: wall time from start to end with 1 and with 100 new tokens, and peak memory."""
    folder = models(shape)

    def commands(count, threads):
        for kind in ("Q8_0", "Q4_0"):
            yield f"llama.cpp {kind}", {}, [
                f"{BIN}/llama-completion", "-m", f"{folder}/{kind}.gguf", "-f",
                f"{folder}/prompt16.txt", "-n", str(count), "-t", str(threads), "-tb", str(threads),
                "-c", "128", "--temp", "0.8", "--top-k", "40", "--ignore-eos", "-no-cnv", "--no-warmup"]
        yield "CTranslate2 int8", {"OMP_WAIT_POLICY": "active"}, [
            sys.executable, "-c", START_CTRANSLATE2.format(
                folder=f"{folder}/ct2-int8", threads=threads, count=count)]

    def once(command, variables):
        begin = time.perf_counter()
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, env=dict(os.environ) | variables)
        _, status, usage = os.wait4(process.pid, 0)
        if status:
            sys.exit(f"peers/bench: failed: {' '.join(command[:3])}")
        return time.perf_counter() - begin, usage.ru_maxrss / 1024 * 1.048576

    records = []
    for threads in sorted({1, os.cpu_count()}):
        for count in (1, 100):
            for tool, variables, command in commands(count, threads):
                once(command, variables)
                times = 20 if tool.startswith("llama") else 5
                outcomes = [once(command, variables) for _ in range(times)]
                report = Report(tool)
                report.add(
                    f"start {count}", 1, threads, [1e3 * seconds for seconds, _ in outcomes], unit="ms")
                report.add(
                    f"memory {count}", 1, threads, [size for _, size in outcomes], unit="MB")
                records += report.records
    return records


def main():
    parts = {"llama": llama, "ctranslate2": ctranslate2, "pytorch": pytorch, "start": start}
    parser = argparse.ArgumentParser(description="Time other runtimes at poe-bench's shapes.")
    parser.add_argument("part", choices=[*parts, "ctranslate2-part"])
    parser.add_argument("--shape", choices=SHAPES, default="reference")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1, help=argparse.SUPPRESS)
    parser.add_argument("--setting", default="", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.part == "ctranslate2-part":
        records = ctranslate2_part(
            arguments.shape, arguments.runs, arguments.threads, arguments.setting)
    else:
        records = parts[arguments.part](arguments.shape, arguments.runs)
    print(json.dumps(records))


if __name__ == "__main__":
    main()
