"""Holds a model file against the twin: the same weights, the same logits, the same loss.

    python3 scripts/reference/check_model.py models/bpe.poem [TEXT.txt]

Reads the file with formats/examples/read_poem.py, computes in f64, and compares with what
`poe-model logits` prints for random tokens and, where a text is given, with what `poe-model score`
prints for it. Exits with 1 where logits differ by more than 1e-4 of the largest, or the loss by more
than 1e-5 nats per token.
"""

import argparse
import json
import pathlib
import struct
import subprocess
import sys

import numpy as np
import torch
import torch.nn.functional as F

from twin import GPT, Configuration

ROOT = pathlib.Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "formats/examples"))
import read_poem  # noqa: E402  (the folder has to be known first)


def load(path):
    """The file's configuration and weights as a model in f64."""
    sections = read_poem.read_sections(path.read_bytes())
    arch = struct.unpack_from("<6If5B", sections["ARCH"][1])
    vocabulary, context, layers, heads, dimension, feed_forward, epsilon = arch[:7]
    activation, _, _, tied, biases = arch[7:]
    configuration = Configuration(
        vocabulary, context, layers, heads, dimension, feed_forward,
        ("gelu", "gelu_tanh")[activation], epsilon, bool(biases), bool(tied))
    tensors = read_poem.read_tensors(sections["TNSR"][1], sections["WGTS"][1], False)
    weights = {name: torch.from_numpy(np.array(values)).double() for name, *_, values in tensors}
    model = GPT(configuration).double()
    model.load_state_dict(weights)
    return model.eval()


def poe_model(arguments, *words):
    """The JSON that poe-model prints."""
    out = subprocess.run([arguments.program, *words, "--json"], check=True, capture_output=True)
    return json.loads(out.stdout)


def check_logits(model, arguments):
    c = model.configuration
    generator = torch.Generator().manual_seed(1)
    worst = 0.0
    for length in (1, c.context_length // 2 + 1, c.context_length):
        tokens = torch.randint(0, c.vocabulary_size, (length,), generator=generator)
        listed = ",".join(map(str, tokens.tolist()))
        got = poe_model(arguments, "logits", str(arguments.model), "--tokens", listed)
        expected = model(tokens[None])[0]
        distance = torch.tensor(got["logits"]).double() - expected
        worst = max(worst, (distance.abs().max() / expected.abs().max()).item())
    print(f"logits: {worst:.1e} of the largest")
    return worst < 1e-4


def check_loss(model, arguments):
    """The protocol's windows do not overlap: token i T predicts the first of window i."""
    t = model.configuration.context_length
    got = poe_model(arguments, "score", str(arguments.model), str(arguments.text), "--tokens")
    tokens = torch.tensor(got["token_ids"])
    expected = []
    for start in range(0, len(tokens) - 1, t):
        inputs, targets = tokens[start : start + t], tokens[start + 1 : start + t + 1]
        logits = model(inputs[None])[0][: len(targets)]
        expected.append(-F.cross_entropy(logits, targets, reduction="none"))
    expected = torch.cat(expected)
    listed = torch.tensor(got["log_probabilities"]).double()
    worst = (listed - expected).abs().max().item()
    loss, theirs = -expected.mean().item(), -listed.mean().item()
    print(f"log-probabilities: {worst:.1e} apart at most, {len(expected)} of them")
    print(f"loss: {loss:.6f} here, {theirs:.6f} there, nats per token")
    return abs(loss - theirs) < 1e-5


def main():
    parser = argparse.ArgumentParser(description="Compare a model file with the PyTorch twin.")
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("text", type=pathlib.Path, nargs="?")
    parser.add_argument("--program", default=str(ROOT / ".build/release/poe-model"))
    arguments = parser.parse_args()
    with torch.no_grad():
        model = load(arguments.model)
        passed = check_logits(model, arguments)
        if arguments.text:
            passed = check_loss(model, arguments) and passed
    sys.exit(0 if passed else 1)


if __name__ == "__main__":
    main()
