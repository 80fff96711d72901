#!/usr/bin/env python3
"""Tries many recipes side by side on one GPU: replicas of the reference model, each with dials of its
own, trained as one batch on the same windows. What wins is confirmed by poe-train.

    search.py TOKENS.npz PLAN.json [--out RESULTS.jsonl]

TOKENS.npz is what tokens.py writes. PLAN.json is a list of groups: {"name", "passes", "variants": [...]};
a variant changes some of DIALS, and "attention": "neighbours", "optimizer": "muon-heads" or "batch": WINDOWS
beside the name a whole group. A variant with "from": "best" starts from the dials of the one that ended
lowest in the group before. Needs torch, numpy and numba.

Model, initial values, optimizers, schedule and perturbation of the text are those of twin.py and of
Sources/PoeTraining, in bfloat16 with f32 sums; dropout of attention is left out. Losses are nats a token of
the validation tokens in windows that do not overlap, with logits times the best of FACTORS; also of the
weights averaged over the steps, the last ones the most, at each of AVERAGES.
About 2.8 million tokens a second for 16 replicas on an H100. Groups of the same size share what is compiled.
"""

import argparse
import json
import math
import time

import numpy as np
import torch
import torch.nn.functional as F

LAYERS, HEADS, WIDTH, CONTEXT = 6, 8, 256, 128
HEAD = WIDTH // HEADS
# Logits are multiplied by each of these, and the best is reported: what calibration would give.
FACTORS = (1, 0.96, 0.93, 0.9, 0.87, 0.84, 0.81, 0.78)
# How much of the mean of the weights each step keeps.
AVERAGES = (0.997, 0.998, 0.999)
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
# A CPU that has to emulate bfloat16 takes minutes for a few steps.
BF16 = torch.bfloat16 if DEVICE == "cuda" else torch.float32

# Muon moves the matrices of the blocks; all others are AdamW's, and only the tables are decayed.
MATRICES = ("qkv", "output", "up", "down")
TABLES = ("tokens", "positions")
# Parameters with the replicas in front; the others have the layers there and the replicas second.
UNLAYERED = TABLES + ("final_gain", "final_bias")

DIALS = {
    "dropout": 0.21, "embedding_dropout": None, "merge_dropout": 0.0, "merge_dropout_until": 1.0,
    "token_noise": 0.0, "weight_decay": 0.1, "learning_rate": 4e-3, "matrix_learning_rate": 0.02,
    "final_learning_rate": 0.02, "label_smoothing": 0.0, "momentum": 0.95, "beta2": 0.95,
    # Dropout's way from (1 - rise) at the start to (1 + rise) times its rate at the end.
    "dropout_rise": 0.0,
    # Tokens for which the same merges stay undone; 0: each token draws for itself.
    "merge_stretch": 0.0,
    # Part of the training before the learning rate begins to fall.
    "hold": 0.0,
    # Times the weight decay, for the embeddings; times the learning rate, for attention's matrices.
    "table_decay": 1.0, "attention_rate": 1.0,
    # Times the initial deviation of what is added to the residual stream.
    "residual": 1.0,
    # 1: only weights that the step makes smaller too decay (cautious weight decay).
    "cautious": 0.0,
    # 1: each hidden unit's part of a Muon step is as long as any other's over time (NorMuon).
    "unit_steps": 0.0,
}


def initial(replicas, vocabulary, seed, neighbours):
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape, deviation=0.02):
        return torch.randn(*shape, generator=generator) * deviation

    residual = 0.02 / math.sqrt(2 * LAYERS)
    r, c = replicas, WIDTH
    p = {
        "tokens": normal(r, vocabulary, c), "positions": normal(r, CONTEXT, c),
        "qkv": normal(LAYERS, r, c, 3 * c), "output": normal(LAYERS, r, c, c, deviation=residual),
        "up": normal(LAYERS, r, c, 4 * c), "down": normal(LAYERS, r, 4 * c, c, deviation=residual),
        "final_gain": torch.ones(r, 1, c), "final_bias": torch.zeros(r, 1, c),
    }
    for name in MATRICES:
        p[name + "_bias"] = torch.zeros(LAYERS, r, 1, p[name].shape[-1])
    for norm in ("attention", "feed_forward"):
        p[norm + "_gain"] = torch.ones(LAYERS, r, 1, c)
        p[norm + "_bias"] = torch.zeros(LAYERS, r, 1, c)
    if neighbours:
        look_at_neighbours(p)
    return {name: value.to(DEVICE).requires_grad_(True) for name, value in p.items()}


def look_at_neighbours(p):
    """The start of NeighbourAttention.swift: positions are waves, heads of the first block look back."""
    pairs, planes = WIDTH // 2, HEAD // 2
    frequency = math.pi / CONTEXT ** (torch.arange(pairs) / pairs)
    angle = torch.arange(CONTEXT)[:, None] * frequency
    waves = torch.stack([angle.sin(), angle.cos()], -1).view(CONTEXT, WIDTH)
    p["positions"][:] = 0.03 * math.sqrt(2) * waves
    wave = 2 * 0.03**2 / (0.03**2 + 0.02**2)
    gain = math.sqrt(10 * math.sqrt(HEAD) / (planes * wave))
    first = p["qkv"][0]
    first[..., : 2 * WIDTH] = 0
    for head in range(HEADS):
        for plane in range(planes):
            pair = plane * (pairs // 4) // planes
            turn = float(frequency[pair]) * (head + 1)
            rows, column = slice(2 * pair, 2 * pair + 2), head * HEAD + 2 * plane
            query = torch.tensor([[math.cos(turn), math.sin(turn)], [-math.sin(turn), math.cos(turn)]])
            first[:, rows, column : column + 2] = gain * query
            first[:, rows, WIDTH + column : WIDTH + column + 2] = gain * torch.eye(2)


def drop(x, rate):
    if rate is None:
        return x
    kept = torch.rand(x.shape, device=x.device) >= rate
    return torch.where(kept, x, torch.zeros((), dtype=x.dtype, device=x.device)) / (1 - rate).to(x.dtype)


def norm(x, gain, bias):
    return (F.layer_norm(x, (WIDTH,)) * gain + bias).to(BF16)


def logits(p, ids, dropout=None, embedding_dropout=None):
    """[R, N, V] of ids [R, N], windows of the context length for each of R replicas."""
    r, n = ids.shape
    windows = n // CONTEXT
    vocabulary = p["tokens"].shape[1]
    rows = ids + (torch.arange(r, device=ids.device) * vocabulary)[:, None]
    x = F.embedding(rows, p["tokens"].reshape(r * vocabulary, WIDTH))
    x = (x.view(r, windows, CONTEXT, WIDTH) + p["positions"][:, None]).reshape(r, n, WIDTH)
    x = drop(x, embedding_dropout)
    layers = {k: p[k].unbind(0) for k in p if k not in UNLAYERED}
    linear = {k: p[k].to(BF16).unbind(0) for m in MATRICES for k in (m, m + "_bias")}
    for i in range(LAYERS):
        def apply(name, y):
            return torch.baddbmm(linear[name + "_bias"][i], y, linear[name][i])

        y = norm(x, layers["attention_gain"][i], layers["attention_bias"][i])
        q, k, v = (
            part.reshape(r * windows, CONTEXT, HEADS, HEAD).transpose(1, 2)
            for part in apply("qkv", y).split(WIDTH, dim=2)
        )
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + drop(apply("output", y.transpose(1, 2).reshape(r, n, WIDTH)), dropout).float()
        y = norm(x, layers["feed_forward_gain"][i], layers["feed_forward_bias"][i])
        y = F.gelu(apply("up", y), approximate="tanh")
        x = x + drop(apply("down", y), dropout).float()
    y = norm(x, p["final_gain"], p["final_bias"])
    return torch.bmm(y, p["tokens"].to(BF16).transpose(1, 2))


def training_loss(p, ids, targets, dropout, embedding_dropout, smoothing):
    """The sum over replicas, to be differentiated, and each one's loss without smoothing."""
    scores = F.log_softmax(logits(p, ids, dropout, embedding_dropout).float(), -1)
    loss = -torch.gather(scores, 2, targets[..., None]).squeeze(-1).mean(1)
    return ((1 - smoothing) * loss - smoothing * scores.mean(-1).mean(1)).sum(), loss.detach()


@torch.no_grad()
def validation_losses(p, tokens, together=None):
    """Nats a token for each replica, as it is and calibrated; where asked, of those `together` as
    an ensemble."""
    windows = (len(tokens) - 1) // CONTEXT
    stream = torch.tensor(tokens.astype(np.int64), device=DEVICE)
    inputs = stream[: windows * CONTEXT].view(windows, CONTEXT)
    targets = stream[1 : windows * CONTEXT + 1].view(windows, CONTEXT)
    replicas = p["tokens"].shape[0]
    total, joint = torch.zeros(len(FACTORS), replicas, device=DEVICE), 0.0
    for i in range(0, windows, 64):
        x, y = inputs[i : i + 64], targets[i : i + 64].reshape(1, -1, 1)
        scores = logits(p, x.reshape(1, -1).expand(replicas, -1))
        unscaled = scores.float()
        for k, factor in enumerate(FACTORS):
            scores = F.log_softmax(unscaled * factor, -1)
            total[k] -= torch.gather(scores, 2, y.expand(replicas, -1, 1)).squeeze(-1).sum(1)
        if together is not None:
            mean = F.log_softmax(unscaled[together], -1).exp().mean(0).log()
            joint -= float(torch.gather(mean, 1, y[0]).sum())
    count = windows * CONTEXT
    return (total[0] / count).tolist(), (total.amin(0) / count).tolist(), joint / count


def orthogonalise(u):
    """Newton and Schulz's iteration on matrices with at most as many rows as columns."""
    a, b, c = 3.4445, -4.7750, 2.0315
    x = (u / (u.norm(dim=(-2, -1), keepdim=True) + 1e-7)).to(BF16)
    for _ in range(5):
        s = x @ x.transpose(-2, -1)
        x = a * x + (b * s + c * (s @ s)) @ x
    return x.float()


def shorter(name):
    """The axis of a matrix's shorter side."""
    return -1 if name == "down" else -2


def directions(u, heads):
    """Muon's steps, [L, R, inputs, outputs] each; of queries and keys `heads` matrices each."""
    r = u["qkv"].shape[1]
    c = WIDTH
    looking, values = u["qkv"].split([2 * c, c], -1)
    looking = looking.reshape(LAYERS, r, c, 2 * heads, c // heads).permute(0, 1, 3, 4, 2)
    looking = orthogonalise(looking).permute(0, 1, 4, 2, 3).reshape(LAYERS, r, c, 2 * c)
    square = orthogonalise(torch.cat([values.reshape(-1, c, c), u["output"].reshape(-1, c, c)]))
    down = u["down"].transpose(-2, -1)
    wide = orthogonalise(torch.cat([u["up"].reshape(-1, c, 4 * c), down.reshape(-1, c, 4 * c)]))
    values, output = square.view(2, LAYERS, r, c, c)
    return {
        "qkv": torch.cat([looking, values], -1),
        "output": output,
        # sqrt(outputs / inputs) where there are more outputs.
        "up": wide[: LAYERS * r].view(LAYERS, r, c, 4 * c) * 2,
        "down": wide[LAYERS * r :].view(LAYERS, r, c, 4 * c).transpose(-2, -1),
    }


class Perturbation:
    """Undoes merges at random: the text, and where each of its tokens went."""

    def __init__(self, data):
        import numba

        base, left, right = data["base"], data["left"], data["right"]

        @numba.njit
        def split(tokens, rate, stretch, seed):
            """Where `stretch` is not 0, a merge is undone everywhere in so many tokens or nowhere."""
            np.random.seed(seed)
            undone = np.zeros(len(left), dtype=np.bool_)
            text = np.empty(len(tokens) * 4, dtype=np.int32)
            place = np.empty(len(tokens), dtype=np.int64)
            stack = np.empty(256, dtype=np.int32)
            count = 0
            for i in range(len(tokens)):
                if stretch > 0 and i % stretch == 0:
                    undone[:] = np.random.random(len(left)) < rate
                place[i] = count
                stack[0], depth = tokens[i], 1
                while depth > 0:
                    depth -= 1
                    token = stack[depth]
                    if token >= base and (
                            undone[token - base] if stretch > 0 else np.random.random() < rate):
                        stack[depth], stack[depth + 1] = right[token - base], left[token - base]
                        depth += 2
                    elif count < len(text):
                        text[count] = token
                        count += 1
            return text[:count], place

        self.split = split


class Group:
    """Replicas that are trained together."""

    def __init__(self, variants, passes, data, loss, attention="even", optimizer="muon", batch=32):
        self.dials = [{**DIALS, **v} for v in variants]
        for d in self.dials:
            if d["embedding_dropout"] is None:
                d["embedding_dropout"] = d["dropout"]
        self.passes, self.data, self.loss, self.batch = passes, data, loss, batch
        replicas = self.replicas = len(variants)
        self.p = initial(replicas, data["vocabulary"], 0, attention == "neighbours")
        self.heads = HEADS if optimizer == "muon-heads" else 1
        self.momentum = {k: torch.zeros_like(v) for k, v in self.p.items()}
        self.square = {k: torch.zeros_like(v) for k, v in self.p.items() if k not in MATRICES}
        self.units = {
            k: torch.zeros_like(self.p[k].detach().sum(shorter(k), keepdim=True)) for k in MATRICES}
        self.dial = {
            k: torch.tensor([float(d[k]) for d in self.dials], device=DEVICE) for k in DIALS}
        with torch.no_grad():
            for name in ("output", "down"):
                self.p[name].mul_(self.along(name, self.dial["residual"]))
        self.means = {a: {k: v.detach().clone() for k, v in self.p.items()} for a in AVERAGES}
        self.text = torch.tensor(data["training"].astype(np.int64), device=DEVICE)
        self.steps_in_pass = (len(self.text) - CONTEXT - 1) // CONTEXT // batch
        self.steps = passes * self.steps_in_pass
        self.ids = torch.zeros(replicas, batch * CONTEXT, dtype=torch.long, device=DEVICE)
        self.targets = torch.zeros_like(self.ids)
        self.factor = torch.ones(replicas, device=DEVICE)
        self.dropped = torch.ones(replicas, device=DEVICE)
        self.correction = torch.ones(2, replicas, device=DEVICE)
        self.training = torch.zeros(replicas, device=DEVICE)

    def along(self, name, values):
        """[R] values, shaped to multiply the parameter."""
        shape = [1] * self.p[name].dim()
        shape[0 if name in UNLAYERED else 1] = self.replicas
        return values.view(shape)

    def step(self):
        ids = self.ids
        other = self.text[torch.randint(0, len(self.text), ids.shape, device=DEVICE)]
        noisy = torch.rand(ids.shape, device=DEVICE) < self.dial["token_noise"][:, None]
        ids = torch.where(noisy, other, ids)
        rates = (
            (self.dial[k] * self.dropped).view(-1, 1, 1) for k in ("dropout", "embedding_dropout"))
        total, loss = self.loss(self.p, ids, self.targets, *rates, self.dial["label_smoothing"])
        gradients = torch.autograd.grad(total, list(self.p.values()))
        with torch.no_grad():
            self.training += loss
            self.move({k: g.float() for k, g in zip(self.p, gradients)})

    def move(self, gradients):
        norms = torch.zeros(self.replicas, device=DEVICE)
        for name, g in gradients.items():
            axis = 0 if name in UNLAYERED else 1
            norms += (g * g).sum([i for i in range(g.dim()) if i != axis])
        clip = (1 / (norms.sqrt() + 1e-6)).clamp(max=1)
        looks = {}
        for name, g in gradients.items():
            p, m = self.p[name], self.momentum[name]
            g = g * self.along(name, clip)
            if name in MATRICES:
                momentum = self.along(name, self.dial["momentum"])
                m.mul_(momentum).add_(g)
                looks[name] = g + momentum * m
                continue
            m.mul_(0.9).add_(g, alpha=0.1)
            v, beta2 = self.square[name], self.dial["beta2"]
            v.mul_(self.along(name, beta2)).add_(g * g * self.along(name, 1 - beta2))
            v = v / self.along(name, self.correction[1])
            rate = self.along(name, self.dial["learning_rate"] * self.factor)
            direction = (m / self.along(name, self.correction[0])) / (v.sqrt() + 1e-8)
            self.take(name, rate, direction, self.dial["table_decay"] if name in TABLES else None)
        one = torch.ones(self.replicas, device=DEVICE)
        for name, direction in directions(looks, self.heads).items():
            even = self.dial["unit_steps"]
            direction = torch.lerp(
                direction, self.by_units(name, direction), self.along(name, even))
            scale = self.dial["attention_rate"] if name in ("qkv", "output") else one
            rate = self.dial["matrix_learning_rate"] * scale * self.factor
            self.take(name, self.along(name, rate), direction, one)
        for average, mean in self.means.items():
            for name, value in mean.items():
                value.lerp_(self.p[name], 1 - average)

    def take(self, name, rate, direction, decay):
        """A step along -direction; `decay` times the weight decay, where there is any."""
        p = self.p[name]
        if decay is not None:
            decayed = (direction * p > 0) | (self.along(name, self.dial["cautious"]) == 0)
            decay = self.along(name, self.dial["weight_decay"] * decay)
            p.sub_(p * (rate * decay) * decayed)
        p.sub_(rate * direction)

    def by_units(self, name, direction):
        """`direction` with each unit's part (along the longer side) divided by its usual length; the whole
        is as long as before."""
        units, axis = self.units[name], shorter(name)
        units.lerp_((direction * direction).mean(axis, keepdim=True), 0.05)
        even = direction / (units.sqrt() + 1e-8)
        lengths = [x.norm(dim=(-2, -1), keepdim=True) for x in (direction, even)]
        return even * (lengths[0] / (lengths[1] + 1e-8))

    def record(self):
        """The step as a CUDA graph; elsewhere the step itself."""
        if DEVICE != "cuda":
            return self.step
        state = [
            *self.p.values(), *self.momentum.values(), *self.square.values(), *self.units.values(),
            *(value for mean in self.means.values() for value in mean.values())]
        saved = [t.detach().clone() for t in state]
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(3):
                self.step()
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self.step()
        with torch.no_grad():
            for tensor, old in zip(state, saved):
                tensor.copy_(old)
        return graph.replay

    def batches(self, number):
        """Inputs and targets of a pass, [steps, R, B T]: the same windows for every replica."""
        random = np.random.default_rng(1000 + number)
        offset = int(random.integers(0, CONTEXT))
        count = (len(self.text) - CONTEXT - 1 - offset) // CONTEXT + 1
        starts = offset + CONTEXT * random.permutation(count)[: self.steps_in_pass * self.batch]
        known, windows = {}, []
        for d in self.dials:
            done = (number + 0.5) / self.passes
            rate = max(0.0, d["merge_dropout"] * (1 - done / d["merge_dropout_until"]))
            way = rate, int(d["merge_stretch"])
            if way not in known:
                text, first = self.text, torch.tensor(starts, device=DEVICE)
                if rate > 0:
                    pieces, place = self.data["perturbation"].split(
                        self.data["training"], *way, number)
                    text = torch.tensor(pieces.astype(np.int64), device=DEVICE)
                    first = torch.tensor(place[starts], device=DEVICE)
                    first = first.clamp(max=len(text) - CONTEXT - 1)
                window = text[first[:, None] + torch.arange(CONTEXT + 1, device=DEVICE)]
                known[way] = window.view(self.steps_in_pass, self.batch, CONTEXT + 1)
            windows.append(known[way])
        all_windows = torch.stack(windows, 1)
        shape = (self.steps_in_pass, self.replicas, -1)
        return all_windows[..., :-1].reshape(shape), all_windows[..., 1:].reshape(shape)

    def prepare(self, taken, warm_up):
        """What the step after `taken` steps needs to know of the time."""
        factors, progress = [], max(0, taken - warm_up) / (self.steps - warm_up)
        for d in self.dials:
            fallen = max(0, (progress - d["hold"]) / (1 - d["hold"]))
            cosine = 0.5 * (1 + math.cos(math.pi * fallen))
            final = d["final_learning_rate"]
            factors.append(min(1, (taken + 1) / (warm_up + 1)) * (final + (1 - final) * cosine))
        self.factor.copy_(torch.tensor(factors))
        self.dropped.copy_(1 + self.dial["dropout_rise"] * (2 * taken / self.steps - 1))
        self.correction[0] = 1 - 0.9 ** (taken + 1)
        self.correction[1] = 1 - self.dial["beta2"] ** (taken + 1)

    def run(self, measured):
        """Losses of the passes in `measured` and of the last one."""
        step, history = self.record(), []
        self.training.zero_()
        warm_up, taken = max(1, self.steps // 50), 0
        for number in range(self.passes):
            inputs, targets = self.batches(number)
            for i in range(self.steps_in_pass):
                self.ids.copy_(inputs[i])
                self.targets.copy_(targets[i])
                self.prepare(taken, warm_up)
                taken += 1
                step()
            if number + 1 in measured or number + 1 == self.passes:
                plain, calibrated, _ = validation_losses(self.p, self.data["validation"])
                history.append({
                    "pass": number + 1, "training": (self.training / self.steps_in_pass).tolist(),
                    "validation": plain, "calibrated": calibrated})
                for average, mean in self.means.items():
                    history[-1][f"mean {average}"] = validation_losses(
                        mean, self.data["validation"])[1]
                print(number + 1, *(f"{v:.3f}" for v in calibrated), flush=True)
            self.training.zero_()
        return history


def read(path):
    archive = np.load(path)
    data = {name: archive[name] for name in archive.files}
    for name in ("vocabulary", "base"):
        data[name] = int(data[name])
    data["training"] = data["training"].astype(np.int32)
    data["perturbation"] = Perturbation(data)
    return data


def main():
    parser = argparse.ArgumentParser(description="Try many recipes side by side on one GPU.")
    parser.add_argument("tokens")
    parser.add_argument("plan")
    parser.add_argument("--out")
    arguments = parser.parse_args()

    data = read(arguments.tokens)
    with open(arguments.plan, encoding="utf-8") as file:
        plan = json.load(file)
    loss = torch.compile(training_loss, dynamic=False) if DEVICE == "cuda" else training_loss
    best = {}
    for group in plan:
        variants = [
            {**(best if v.get("from") == "best" else {}), **{k: x for k, x in v.items() if k != "from"}}
            for v in group["variants"]]
        started = time.time()
        trained = Group(
            variants, group["passes"], data, loss, group.get("attention", "even"),
            group.get("optimizer", "muon"), group.get("batch", 32))
        history = trained.run(set(group.get("measured", ())))
        last = history[-1]["calibrated"]
        best = variants[min(range(len(last)), key=last.__getitem__)]
        print(f"{group['name']}: {time.time() - started:.0f} s")
        for i, variant in enumerate(variants):
            low = min(history, key=lambda row: row["calibrated"][i])
            print(
                f"  {json.dumps(variant)}: calibrated, best {low['calibrated'][i]:.4f} at pass"
                f" {low['pass']}, last {last[i]:.4f}; plain, last {history[-1]['validation'][i]:.4f},"
                f" training {history[-1]['training'][i]:.4f}"
                + "; means " + ", ".join(f"{history[-1][f'mean {a}'][i]:.4f}" for a in AVERAGES))
        for together in group.get("ensembles", ()):
            joint = validation_losses(trained.p, data["validation"], together)[2]
            print(f"  together {together}: {joint:.4f}", flush=True)
        if arguments.out:
            with open(arguments.out, "a", encoding="utf-8") as file:
                file.write(json.dumps({**group, "variants": variants, "history": history}) + "\n")


if __name__ == "__main__":
    main()
