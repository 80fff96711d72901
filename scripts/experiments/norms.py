"""What is won by fitting the norms' gains and biases to a little text that a model has not learnt?

    poe-model score MODEL --corpus CORPUS/poe --split CORPUS/split.json --json --tokens > scored.json
    python3 scripts/experiments/norms.py MODEL scored.json --first 200 --windows 96

Fits them to some windows of the scored text, after the factor of the logits, and prints nats a token there
and on 256 other windows. A diagnosis: poe-train fits to training text that it has set aside. Needs PyTorch
(scripts/reference/requirements.txt).
"""

import argparse
import json
import pathlib
import sys

import torch
import torch.nn.functional as F

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "reference"))
from check_model import load  # noqa: E402  (the folder has to be known first)

OTHER_WINDOWS = 256


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("scored", type=pathlib.Path)
    parser.add_argument("--first", type=int, default=0, help="first window that is fitted to")
    parser.add_argument("--windows", type=int, default=96, help="how many are")
    parser.add_argument("--factor", type=float, default=0.88, help="of the logits, beforehand")
    parser.add_argument("--learning-rate", type=float, default=0.004)
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)

    model = load(arguments.model).float().eval()
    norms = [p for name, p in model.named_parameters() if "norm" in name]
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    inputs, targets = windows(arguments.scored, model.position_embedding.shape[0])
    chosen = torch.arange(arguments.first, arguments.first + arguments.windows)
    others = torch.tensor([i for i in range(len(inputs)) if i not in set(chosen.tolist())])
    shuffled = torch.randperm(len(others), generator=torch.Generator().manual_seed(0))
    others = others[shuffled[:OTHER_WINDOWS]]

    def loss(rows):
        """Nats a token of some windows; its gradient is added where it is wanted."""
        total = 0
        for part in rows.split(32):
            nats = F.cross_entropy(
                model(inputs[part]).flatten(0, 1), targets[part].flatten(), reduction="sum")
            share = nats / targets[rows].numel()
            if share.requires_grad:
                share.backward()
            total += share.item()
        return total

    def report(what):
        with torch.no_grad():
            print(f"{what}: fitted {loss(chosen):.4f}, others {loss(others):.4f}", flush=True)

    report("as it is")
    for name, parameter in model.named_parameters():
        if name.startswith("final_norm"):
            parameter.data *= arguments.factor
    report(f"logits times {arguments.factor}")
    for norm in norms:
        norm.requires_grad_(True)
    optimizer = torch.optim.Adam(norms, lr=arguments.learning_rate, betas=(0.8, 0.95))
    for step in range(1, arguments.steps + 1):
        optimizer.zero_grad()
        loss(chosen)
        optimizer.step()
        report(f"step {step}")


def windows(scored, length):
    """Inputs and targets of all whole windows, one a row."""
    tokens = torch.tensor(json.load(open(scored))["token_ids"])
    count = (len(tokens) - 1) // length
    return tokens[: count * length].view(-1, length), tokens[1 : count * length + 1].view(-1, length)


if __name__ == "__main__":
    main()
