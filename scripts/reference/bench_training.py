"""Training speed of the twin in PyTorch at the reference shape: what poe-bench's training figures are
compared with. Eager and f32 unless told otherwise.

    python3 scripts/reference/bench_training.py [--seconds 30] [--dropout 0.1] [--attention-dropout 0.1]
        [--bf16] [--compile] [--fused-optimizer]

One step is 64 windows of 128 tokens: forward, backward, clipping to a norm of 1.0, AdamW. Prints the
median over the steps of a run, after three that are not counted, with the slowest and the fastest.
"""

import argparse
import json
import statistics
import time

import torch

from twin import GPT, Configuration


def main():
    parser = argparse.ArgumentParser(description="Time training steps of the PyTorch twin.")
    parser.add_argument("--seconds", type=float, default=30, help="how long to measure")
    parser.add_argument(
        "--dropout", type=float, default=0.1, help="of the embeddings and the residual branches")
    parser.add_argument(
        "--attention-dropout", type=float, help="of the attention probabilities; --dropout if not given")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batch", type=int, default=64, help="windows a step")
    parser.add_argument(
        "--attention", choices=["fused", "plain"], default="fused",
        help="PyTorch's scaled_dot_product_attention, or the product, softmax, product")
    parser.add_argument("--bf16", action="store_true", help="autocast to bfloat16")
    parser.add_argument("--compile", action="store_true", help="torch.compile; needs a C++ compiler")
    parser.add_argument("--fused-optimizer", action="store_true")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()

    if arguments.attention_dropout is None:
        arguments.attention_dropout = arguments.dropout
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(1)
    c = Configuration(512, 128, 6, 8, 256, 1024)
    fused = arguments.attention == "fused"
    model = GPT(c, arguments.dropout, arguments.attention_dropout, fused).train()
    parameters = list(model.parameters())
    optimizer = torch.optim.AdamW(
        [
            {"params": [p for p in parameters if p.dim() > 1], "weight_decay": 0.1},
            {"params": [p for p in parameters if p.dim() == 1], "weight_decay": 0.0},
        ],
        lr=1e-3, betas=(0.9, 0.95), fused=arguments.fused_optimizer)
    loss_of = torch.compile(model.loss) if arguments.compile else model.loss
    text = torch.randint(0, c.vocabulary_size, (600_000,))
    windows = text.unfold(0, c.context_length + 1, 1)

    def step():
        batch = windows[torch.randint(0, len(windows), (arguments.batch,))]
        with torch.autocast("cpu", torch.bfloat16, enabled=arguments.bf16):
            loss = loss_of(batch[:, :-1], batch[:, 1:])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        return loss.item()

    for _ in range(3):
        step()
    speeds, end = [], time.perf_counter() + arguments.seconds
    while len(speeds) < 3 or time.perf_counter() < end:
        start = time.perf_counter()
        step()
        speeds.append(arguments.batch * c.context_length / (time.perf_counter() - start))
    median, low, high = statistics.median(speeds), min(speeds), max(speeds)
    if arguments.json:
        record = {
            "measure": "train", "rows": arguments.batch, "threads": arguments.threads,
            "value": median, "unit": "tokens/s", "low": low, "high": high, "runs": len(speeds),
            "dropout": arguments.dropout, "attention_dropout": arguments.attention_dropout,
            "attention": arguments.attention, "bf16": arguments.bf16, "compiled": arguments.compile,
            "fused_optimizer": arguments.fused_optimizer,
            "torch": torch.__version__,
        }
        print(json.dumps([record]))
    else:
        how = ", ".join(
            ["compiled" if arguments.compile else "eager", "bf16" if arguments.bf16 else "f32"]
            + ["fused optimizer"] * arguments.fused_optimizer)
        print(
            f"{median:.0f} tokens/s ({low:.0f} to {high:.0f}, {len(speeds)} steps): PyTorch"
            f" {torch.__version__}, {how}, {arguments.threads} threads, {arguments.attention}"
            f" attention, dropouts {arguments.dropout} and {arguments.attention_dropout}, {arguments.batch} x {c.context_length}")


if __name__ == "__main__":
    main()
