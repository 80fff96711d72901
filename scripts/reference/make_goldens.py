"""Writes Tests/PoeTrainingTests/Goldens: what the twin computes for three small models.

    python3 scripts/reference/make_goldens.py [--output FOLDER] [--check]

Everything is computed in f64 from weights that are exact in f32, and stored rounded to f32. For each
model, twin-NAME.json indexes twin-NAME.bin (little-endian f32, offsets in bytes). `--check` writes
nothing and fails if the committed files differ from what is computed now by more than rounding.

The script also holds the twin against itself: its AdamW against torch.optim.AdamW, its gradients
against finite differences, and all of it against the same computation in f32, whose distance it
prints: a tolerance below that distance cannot be met in f32.
"""

import argparse
import json
import pathlib
import sys

import numpy as np
import torch

from twin import GPT, AdamW, Configuration, Muon, clip

STEPS = 10
GOLDENS = pathlib.Path(__file__).parents[2] / "Tests/PoeTrainingTests/Goldens"
EPSILON = float(np.float32(1e-5))

# name -> configuration, windows in the batch, seed
MODELS = {
    "tied-tanh": (Configuration(37, 16, 2, 4, 32, 64, "gelu_tanh", EPSILON, True, True), 3, 1),
    "untied-exact": (Configuration(53, 9, 3, 3, 24, 40, "gelu", EPSILON, True, False), 4, 2),
    "no-biases": (Configuration(29, 11, 1, 2, 20, 36, "gelu_tanh", EPSILON, False, True), 2, 3),
}


def random_weights(c, seed):
    """Every tensor random, exact in f32: weights of deviation 0.2, biases 0.1, gains about 1."""
    generator = torch.Generator().manual_seed(seed)
    weights = {}
    for name, p in GPT(c).named_parameters():
        deviation = 0.1 if p.dim() == 1 else 0.2
        w = torch.randn(p.shape, generator=generator) * deviation
        weights[name] = w + 1 if name.endswith("gain") else w
    return weights


def model_with(c, weights, dtype):
    model = GPT(c).to(dtype)
    model.load_state_dict({n: w.to(dtype) for n, w in weights.items()})
    return model


def gradients_of(model, tokens, targets):
    loss = model.loss(tokens, targets)
    loss.backward()
    gradients = {n: p.grad.detach().clone() for n, p in model.named_parameters()}
    model.zero_grad(set_to_none=True)
    return loss.item(), gradients


def train(c, weights, optimizer, tokens, targets, dtype):
    """Parameters after ten steps; losses before each step and after the last; norms before clipping."""
    model = model_with(c, weights, dtype)
    losses, norms = [], []
    for _ in range(STEPS):
        loss, gradients = gradients_of(model, tokens, targets)
        losses.append(loss)
        norms.append(clip(gradients))
        with torch.no_grad():
            optimizer.step({n: p.data for n, p in model.named_parameters()}, gradients)
    losses.append(model.loss(tokens, targets).item())
    return {n: p.detach() for n, p in model.named_parameters()}, losses, norms


def compute(c, batch, seed, dtype=torch.float64):
    weights = random_weights(c, seed)
    generator = torch.Generator().manual_seed(1000 + seed)
    text = torch.randint(0, c.vocabulary_size, (batch, c.context_length + 1), generator=generator)
    tokens, targets = text[:, :-1], text[:, 1:]
    model = model_with(c, weights, dtype)
    logits = model(tokens).detach()
    loss, gradients = gradients_of(model, tokens, targets)
    norm = clip({n: g.clone() for n, g in gradients.items()})
    adamw, adamw_losses, adamw_norms = train(c, weights, AdamW(1e-3), tokens, targets, dtype)
    muon, muon_losses, muon_norms = train(c, weights, Muon(), tokens, targets, dtype)
    heads, heads_losses, heads_norms = train(
        c, weights, Muon(c.head_count), tokens, targets, dtype)
    even, even_losses, even_norms = train(
        c, weights, Muon(even=True), tokens, targets, dtype)
    return {
        "configuration": c,
        "tokens": tokens,
        "targets": targets,
        "logits": logits,
        "loss": loss,
        "gradient_norm": norm,
        "tensors": {
            name: {
                "initial": weights[name],
                "gradient": gradients[name],
                "after_adamw": adamw[name],
                "after_muon": muon[name],
                "after_muon_heads": heads[name],
                "after_normuon": even[name],
            }
            for name in weights
        },
        "adamw": {"losses": adamw_losses, "gradient_norms": adamw_norms},
        "muon": {"losses": muon_losses, "gradient_norms": muon_norms},
        "muon_heads": {"losses": heads_losses, "gradient_norms": heads_norms},
        "normuon": {"losses": even_losses, "gradient_norms": even_norms},
    }


def zero_gradients(c):
    """Elements whose gradient is zero but for rounding: a constant added to all keys moves no
    softmax. Adam makes steps of such noise, so comparisons of parameters leave them out."""
    if not c.has_biases:
        return []
    return [
        {"name": f"block.{i}.attention.qkv.bias", "first": c.model_dimension, "count": c.model_dimension}
        for i in range(c.layer_count)
    ]


def serialize(golden):
    """The index and the bytes it points into."""
    data = bytearray()

    def store(tensor):
        offset = len(data)
        data.extend(tensor.to(torch.float32).contiguous().numpy().astype("<f4").tobytes())
        return offset

    c = golden["configuration"]
    adamw = {"beta1": 0.9, "beta2": 0.95, "epsilon": 1e-8, "weight_decay": 0.1}
    muon = {
        "rate": 0.02, "momentum": 0.95, "weight_decay": 0.1, "iterations": 5,
        "rest": {"rate": 1.5e-3, **adamw}, "clip": 1.0,
    }
    index = {
        "configuration": c.as_dict(),
        "batch": len(golden["tokens"]),
        "tokens": golden["tokens"].tolist(),
        "targets": golden["targets"].tolist(),
        "loss": golden["loss"],
        "gradient_norm": golden["gradient_norm"],
        "logits": {"shape": list(golden["logits"].shape), "offset": store(golden["logits"])},
        "zero_gradient": zero_gradients(c),
        "adamw": {"rate": 1e-3, **adamw, "clip": 1.0, **golden["adamw"]},
        "muon": {**muon, **golden["muon"]},
        "muon_heads": {**muon, **golden["muon_heads"]},
        "normuon": {**muon, **golden["normuon"]},
        "tensors": [
            {"name": name, "shape": list(of["initial"].shape), **{k: store(t) for k, t in of.items()}}
            for name, of in golden["tensors"].items()
        ],
    }
    index["byte_count"] = len(data)
    return index, bytes(data)


def check_adamw(c, batch, seed):
    """Our AdamW against PyTorch's."""
    golden = compute(c, batch, seed)
    model = model_with(c, random_weights(c, seed), torch.float64)
    decayed = [p for p in model.parameters() if p.dim() > 1]
    rest = [p for p in model.parameters() if p.dim() == 1]
    optimizer = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": 0.1}, {"params": rest, "weight_decay": 0.0}],
        lr=1e-3, betas=(0.9, 0.95), eps=1e-8)
    for _ in range(STEPS):
        optimizer.zero_grad()
        model.loss(golden["tokens"], golden["targets"]).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    for name, p in model.named_parameters():
        distance = (p - golden["tensors"][name]["after_adamw"]).abs().max().item()
        assert distance < 1e-6, f"AdamW differs from torch.optim.AdamW by {distance} in {name}"


def check_gradients(c, batch, seed, golden):
    """Three elements of every gradient against a central difference."""
    model = model_with(c, random_weights(c, seed), torch.float64)
    h = 1e-5
    for name, p in model.named_parameters():
        gradient = golden["tensors"][name]["gradient"].flatten()
        for i in {0, p.numel() // 2, p.numel() - 1}:
            flat, losses = p.data.view(-1), []
            for sign in (1, -1):
                flat[i] += sign * h
                losses.append(model.loss(golden["tokens"], golden["targets"]).item())
                flat[i] -= sign * h
            difference = (losses[0] - losses[1]) / (2 * h)
            distance = abs(difference - gradient[i].item())
            assert distance < 1e-8, f"{name}[{i}]: {gradient[i]} but a difference of {difference}"


def relative(a, b):
    """Distance of a from b in parts of b's norm."""
    b = b.double()
    return ((a.double() - b).norm() / b.norm().clamp_min(1e-30)).item()


def report_f32(c, batch, seed, golden):
    """How far the same computation in f32 is from the golden; returns the lines to print."""
    single = compute(c, batch, seed, torch.float32)
    left_out = {z["name"]: z for z in zero_gradients(c)}

    def worst(field):
        distances = []
        for name, of in golden["tensors"].items():
            a, b = single["tensors"][name][field].flatten().double(), of[field].flatten().double()
            if field.startswith("after") and name in left_out:
                keep = torch.ones(len(b), dtype=torch.bool)
                keep[left_out[name]["first"] :][: left_out[name]["count"]] = False
                a, b = a[keep], b[keep]
            distances.append((relative(a, b), name))
        return "%.1e (%s)" % max(distances)

    logits = single["logits"] - golden["logits"]
    lines = ["logits %.1e of the largest" % (logits.abs().max() / golden["logits"].abs().max()).item()]
    lines += ["loss %.1e" % abs(single["loss"] - golden["loss"])]
    fields = ("gradient", "after_adamw", "after_muon", "after_muon_heads", "after_normuon")
    lines += [f"{field} {worst(field)}" for field in fields]
    for o in ("adamw", "muon", "muon_heads", "normuon"):
        apart = max(abs(a - b) for a, b in zip(single[o]["losses"], golden[o]["losses"]))
        lines.append(f"{o} losses {apart:.1e}")
    return lines


def same(index, data, folder, name):
    """Whether the committed golden says the same, up to rounding in f64 sums."""
    try:
        old_index = json.loads((folder / f"twin-{name}.json").read_text())
        old = np.fromfile(folder / f"twin-{name}.bin", "<f4")
    except FileNotFoundError:
        return False
    new = np.frombuffer(data, "<f4")
    layout = ("configuration", "tokens", "targets", "logits", "tensors", "zero_gradient")
    return (
        all(old_index[k] == index[k] for k in layout)
        and abs(old_index["loss"] - index["loss"]) < 1e-12
        and old.shape == new.shape
        and bool(np.allclose(old, new, rtol=3e-7, atol=1e-9))
    )


def main():
    parser = argparse.ArgumentParser(description="Write the goldens of the PyTorch twin.")
    parser.add_argument("--output", type=pathlib.Path, default=GOLDENS)
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    arguments.output.mkdir(parents=True, exist_ok=True)
    for name, (c, batch, seed) in MODELS.items():
        golden = compute(c, batch, seed)
        check_adamw(c, batch, seed)
        check_gradients(c, batch, seed, golden)
        index, data = serialize(golden)
        print(f"{name}: loss {golden['loss']:.6f}, gradient norm {golden['gradient_norm']:.4f}")
        print("  f32 against f64: " + "; ".join(report_f32(c, batch, seed, golden)))
        if arguments.check:
            if not same(index, data, arguments.output, name):
                sys.exit(f"twin-{name} differs from what the twin computes")
            continue
        (arguments.output / f"twin-{name}.bin").write_bytes(data)
        (arguments.output / f"twin-{name}.json").write_text(json.dumps(index, indent=1) + "\n")


if __name__ == "__main__":
    main()
