"""Where does each attention head look? The share of its attention by distance.

    poe-model score MODEL --corpus CORPUS/poe --split CORPUS/split.json --json --tokens > scored.json
    python3 scripts/experiments/heads.py MODEL scored.json

Prints, for each head of each block, the percentages that go 0, 1, 2, ... tokens back, on average over
places from 20 on; a head that looks at everything evenly has about 2 everywhere. Then what it is worth to
a model that it has read a passage before: nats a token of passages that stand in a window for the
first and for the second time. Needs PyTorch (scripts/reference/requirements.txt).
"""

import argparse
import json
import math
import pathlib
import sys

import torch
import torch.nn.functional as F

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "reference"))
from check_model import load  # noqa: E402  (the folder has to be known first)

DISTANCES, FIRST_PLACE, WINDOWS = 8, 20, 16


def attention(block, x):
    """[B, H, T, T] of the block's input."""
    width, heads = x.shape[-1], block.attention.head_count
    q, k = (
        part.view(*x.shape[:2], heads, width // heads).transpose(1, 2)
        for part in block.attention.qkv(block.attention_norm(x)).split(width, 2)[:2]
    )
    scores = q @ k.transpose(-2, -1) / math.sqrt(width // heads)
    later = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool).triu(1)
    return scores.masked_fill(later, float("-inf")).softmax(-1)


def by_distance(shares, distance):
    return shares.diagonal(-distance, -2, -1)[..., FIRST_PLACE:].mean((0, -1))


def print_heads(model, tokens):
    x = F.embedding(tokens, model.token_embedding) + model.position_embedding[: tokens.shape[1]]
    for number, block in enumerate(model.block):
        shares = attention(block, x)
        columns = torch.stack([by_distance(shares, d) for d in range(DISTANCES)], 1)
        for head, row in enumerate(columns.tolist()):
            print(f"block {number} head {head}:", *(f"{100 * share:3.0f}" for share in row))
        x = block(x)


def print_repeats(model, tokens):
    half = tokens.shape[1] // 2
    twice = tokens[:, :half].repeat(1, 2)
    nats = F.cross_entropy(model(twice)[:, :-1].transpose(1, 2), twice[:, 1:], reduction="none")
    first, second = nats[:, 4 : half - 1].mean(), nats[:, half + 4 :].mean()
    print(f"passages of {half} tokens: {first:.3f} the first time, {second:.3f} the second")


@torch.no_grad()
def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("scored", type=pathlib.Path)
    arguments = parser.parse_args()

    model = load(arguments.model).float()
    model.eval()
    length = model.configuration.context_length
    ids = torch.tensor(json.loads(arguments.scored.read_text())["token_ids"])
    windows = ids[: len(ids) // length * length].view(-1, length)
    step = max(1, len(windows) // WINDOWS)
    tokens = windows[::step][:WINDOWS]
    print_heads(model, tokens)
    print_repeats(model, tokens)


if __name__ == "__main__":
    main()
