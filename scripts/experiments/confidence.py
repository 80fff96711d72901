"""Is a model too sure of text that it has not learnt? Its loss with all logits times a factor.

    poe-model score MODEL --corpus CORPUS/poe --split CORPUS/split.json --json --tokens > scored.json
    python3 scripts/experiments/confidence.py MODEL scored.json

Prints nats a token for each factor, over the whole windows of the context length, and those of the model
as it is by place in the window. Needs PyTorch (scripts/reference/requirements.txt).
"""

import argparse
import json
import pathlib
import sys

import torch
import torch.nn.functional as F

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "reference"))
from check_model import load  # noqa: E402  (the folder has to be known first)

FACTORS = (0.7, 0.75, 0.8, 0.84, 0.86, 0.88, 0.9, 0.92, 0.96, 1.0, 1.05)
PLACES = (0, 1, 2, 4, 8, 16, 32, 64, 96, 128)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("scored", type=pathlib.Path)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)

    model = load(arguments.model).float()
    length = model.configuration.context_length
    tokens = torch.tensor(json.loads(arguments.scored.read_text())["token_ids"])
    windows = (len(tokens) - 1) // length
    inputs = tokens[: windows * length].view(-1, length)
    targets = tokens[1 : windows * length + 1].view(-1, length)
    nats = dict.fromkeys(FACTORS, 0.0)
    by_place = torch.zeros(length)
    with torch.no_grad():
        for first in range(0, windows, 64):
            logits = model(inputs[first : first + 64]).transpose(1, 2)
            expected = targets[first : first + 64]
            for factor in FACTORS:
                nats[factor] += F.cross_entropy(logits * factor, expected, reduction="sum").item()
            by_place += F.cross_entropy(logits, expected, reduction="none").sum(0)
    for factor, total in nats.items():
        print(f"logits times {factor:.2f}: {total / (windows * length):.4f}")
    for start, end in zip(PLACES, PLACES[1:]):
        if end <= length:
            print(f"places {start} to {end - 1}: {(by_place[start:end].mean() / windows).item():.3f}")


if __name__ == "__main__":
    main()
