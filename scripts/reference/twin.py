"""The model of Documentation/DESIGN.md and its optimizers, in PyTorch: the twin that this package's
arithmetic is held against. Written to be read beside the Swift code, not to be fast.

Model (B windows of T tokens, width C, H heads of D = C / H, feed-forward width F, V tokens)

    x = dropout(token_embedding[tokens] + position_embedding[0 ..< T])              [B, T, C]
    for each block:
        x = x + dropout(attention(layer_norm(x)))
        x = x + dropout(down(gelu(up(layer_norm(x)))))
    logits = layer_norm(x) @ head^T        head: output_head, or token_embedding where tied
    loss   = mean over B * T of -log softmax(logits)[target]                        nats

    linear        y = x W^T + b, W [outputs, inputs]; the head has no bias
    layer_norm    (x - mean) / sqrt(variance + epsilon) * gain + bias, variance divided by C
    attention     q | k | v = qkv(x), each [B, T, C], heads contiguous; P = softmax(q k^T / sqrt(D))
                  over positions not after the query; output(dropout(P) v)
    gelu          x / 2 (1 + erf(x / sqrt 2)), or x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))
    dropout       keeps with probability 1 - rate and scales by 1 / (1 - rate)

Clipping, before either optimizer; the norm runs over every gradient of the model

    g <- g * min(1, limit / norm)

AdamW, step t = 1, 2, ...; m and v start at zero

    m <- beta1 m + (1 - beta1) g
    v <- beta2 v + (1 - beta2) g^2
    p <- p (1 - rate decay) - rate (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon)

Decay is for tensors of two dimensions: linear weights, both embeddings and an untied head. Gains and
biases have none.

Muon (Keller Jordan, "Muon: an optimizer for hidden layers", 2024), for the linear weights of the
blocks: qkv as three matrices [C, C], or with the queries and the keys of each head apart, [D, C];
output, up, down. All the rest (embeddings, head, gains, biases) is AdamW's. For a matrix of R rows and
K columns; m starts at zero

    m <- mu m + g
    u <- g + mu m                                                 (Nesterov)
    X <- u / (frobenius_norm(u) + 1e-7), transposed if R > K
    five times: A = X X^T;  X <- a X + (b A + c A A) X            a, b, c = 3.4445, -4.7750, 2.0315
    X transposed back if R > K
    p <- p (1 - rate decay) - rate sqrt(max(1, R / K)) X

NorMuon (Li and others, 2025): Muon, and before X is taken from p, each unit's part of it is divided by its usual
length; a unit is a row, or a column if R < K. v starts at zero, one number for each unit

    v <- 0.95 v + 0.05 mean(X^2 of the unit)
    E <- X / (sqrt(v) + 1e-8);  X <- E frobenius_norm(X) / frobenius_norm(E)
"""

import math
from dataclasses import asdict, dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F


@dataclass(frozen=True)
class Configuration:
    vocabulary_size: int
    context_length: int
    layer_count: int
    head_count: int
    model_dimension: int
    feed_forward_dimension: int
    activation: str = "gelu_tanh"  # or "gelu", the exact one
    norm_epsilon: float = 1e-5
    has_biases: bool = True
    ties_output_head: bool = True

    def as_dict(self):
        return asdict(self)


class LayerNorm(nn.Module):
    def __init__(self, c: Configuration):
        super().__init__()
        self.gain = nn.Parameter(torch.ones(c.model_dimension))
        self.bias = nn.Parameter(torch.zeros(c.model_dimension)) if c.has_biases else None
        self.epsilon = c.norm_epsilon

    def forward(self, x):
        return F.layer_norm(x, self.gain.shape, self.gain, self.bias, self.epsilon)


class Attention(nn.Module):
    def __init__(self, c: Configuration, dropout: float, fused: bool):
        super().__init__()
        self.head_count, self.rate, self.fused = c.head_count, dropout, fused
        self.qkv = nn.Linear(c.model_dimension, 3 * c.model_dimension, bias=c.has_biases)
        self.output = nn.Linear(c.model_dimension, c.model_dimension, bias=c.has_biases)

    def forward(self, x):
        b, t, c = x.shape
        q, k, v = (
            part.view(b, t, self.head_count, c // self.head_count).transpose(1, 2)
            for part in self.qkv(x).split(c, dim=2)
        )
        if self.fused:
            rate = self.rate if self.training else 0.0
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True, dropout_p=rate)
        else:
            scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
            later = torch.ones(t, t, dtype=torch.bool, device=x.device).triu(1)
            p = F.softmax(scores.masked_fill(later, float("-inf")), dim=-1)
            y = F.dropout(p, self.rate, self.training) @ v
        return self.output(y.transpose(1, 2).reshape(b, t, c))


class FeedForward(nn.Module):
    def __init__(self, c: Configuration):
        super().__init__()
        self.up = nn.Linear(c.model_dimension, c.feed_forward_dimension, bias=c.has_biases)
        self.down = nn.Linear(c.feed_forward_dimension, c.model_dimension, bias=c.has_biases)
        self.approximate = {"gelu": "none", "gelu_tanh": "tanh"}[c.activation]

    def forward(self, x):
        return self.down(F.gelu(self.up(x), approximate=self.approximate))


class Block(nn.Module):
    def __init__(self, c: Configuration, dropout: float, attention_dropout: float, fused: bool):
        super().__init__()
        self.attention_norm = LayerNorm(c)
        self.attention = Attention(c, attention_dropout, fused)
        self.feed_forward_norm = LayerNorm(c)
        self.feed_forward = FeedForward(c)
        self.rate = dropout

    def forward(self, x):
        x = x + F.dropout(self.attention(self.attention_norm(x)), self.rate, self.training)
        x = x + F.dropout(self.feed_forward(self.feed_forward_norm(x)), self.rate, self.training)
        return x


class GPT(nn.Module):
    """`dropout` is that of the embeddings and the branches; `fused` takes PyTorch's own attention
    instead of the plain one above."""

    def __init__(
        self, c: Configuration, dropout: float = 0.0, attention_dropout: float = 0.0,
        fused: bool = False,
    ):
        super().__init__()
        self.configuration, self.rate = c, dropout
        self.token_embedding = nn.Parameter(torch.empty(c.vocabulary_size, c.model_dimension))
        self.position_embedding = nn.Parameter(torch.empty(c.context_length, c.model_dimension))
        self.block = nn.ModuleList(
            Block(c, dropout, attention_dropout, fused) for _ in range(c.layer_count))
        self.final_norm = LayerNorm(c)
        if not c.ties_output_head:
            self.output_head = nn.Parameter(torch.empty(c.vocabulary_size, c.model_dimension))
        for p in self.parameters():
            if p.dim() > 1:
                nn.init.normal_(p, std=0.02)

    def forward(self, tokens):
        """Logits [B, T, V] of tokens [B, T]."""
        x = F.embedding(tokens, self.token_embedding) + self.position_embedding[: tokens.shape[1]]
        x = F.dropout(x, self.rate, self.training)
        for block in self.block:
            x = block(x)
        tied = self.configuration.ties_output_head
        head = self.token_embedding if tied else self.output_head
        return F.linear(self.final_norm(x), head)

    def loss(self, tokens, targets):
        """Mean cross-entropy in nats."""
        return F.cross_entropy(self(tokens).flatten(0, 1), targets.flatten())


def clip(gradients: dict, limit: float = 1.0) -> float:
    """Scales all gradients so that their common norm is at most `limit`; returns the norm before."""
    norm = math.sqrt(sum(float((g * g).sum()) for g in gradients.values()))
    for g in gradients.values():
        g *= min(1.0, limit / norm)
    return norm


class AdamW:
    def __init__(self, rate, beta1=0.9, beta2=0.95, epsilon=1e-8, decay=0.1):
        self.rate, self.betas, self.epsilon, self.decay = rate, (beta1, beta2), epsilon, decay
        self.moments, self.t = {}, 0

    def step(self, parameters: dict, gradients: dict):
        self.t += 1
        beta1, beta2 = self.betas
        for name, p in parameters.items():
            g = gradients[name]
            if name not in self.moments:
                self.moments[name] = (torch.zeros_like(p), torch.zeros_like(p))
            m, v = self.moments[name]
            m.mul_(beta1).add_(g, alpha=1 - beta1)
            v.mul_(beta2).addcmul_(g, g, value=1 - beta2)
            mean, square = m / (1 - beta1**self.t), v / (1 - beta2**self.t)
            p.mul_(1 - self.rate * (self.decay if p.dim() > 1 else 0.0))
            p.sub_(self.rate * mean / (square.sqrt() + self.epsilon))


def orthogonalize(u, steps=5):
    """A matrix near the orthogonal one closest to `u`, by Newton and Schulz's iteration."""
    a, b, c = 3.4445, -4.7750, 2.0315
    x = u / (u.norm() + 1e-7)
    tall = x.shape[0] > x.shape[1]
    if tall:
        x = x.T
    for _ in range(steps):
        s = x @ x.T
        x = a * x + (b * s + c * s @ s) @ x
    return x.T if tall else x


def is_muon(name: str) -> bool:
    """Whether Muon trains the parameter: the linear weights of the blocks."""
    return name.startswith("block.") and name.endswith(".weight")


class Muon:
    """Muon on the matrices of the blocks, AdamW on everything else; of queries and keys `heads`
    matrices each; NorMuon if `even`."""

    def __init__(self, heads=1, even=False, rate=0.02, momentum=0.95, decay=0.1, rest: AdamW = None):
        self.heads, self.even = heads, even
        self.rate, self.momentum, self.decay = rate, momentum, decay
        self.rest = rest or AdamW(1.5e-3)
        self.buffers, self.units = {}, {}

    def by_units(self, key, x):
        """`x` with each unit's part divided by its usual length."""
        axis = 1 if x.shape[0] >= x.shape[1] else 0
        v = self.units.setdefault(key, torch.zeros_like(x.mean(axis, keepdim=True)))
        v.mul_(0.95).add_(0.05 * x.square().mean(axis, keepdim=True))
        e = x / (v.sqrt() + 1e-8)
        return e * (x.norm() / e.norm())

    def step(self, parameters: dict, gradients: dict):
        self.rest.step({n: p for n, p in parameters.items() if not is_muon(n)}, gradients)
        for name, p in parameters.items():
            if not is_muon(name):
                continue
            g = gradients[name]
            m = self.buffers.setdefault(name, torch.zeros_like(p))
            m.mul_(self.momentum).add_(g)
            u = g + self.momentum * m
            parts = [len(p)]
            if name.endswith("attention.qkv.weight"):
                width = p.shape[1]
                parts = [width // self.heads] * (2 * self.heads) + [width]
            for part, (matrix, update) in enumerate(zip(p.split(parts), u.split(parts))):
                rows, columns = matrix.shape
                scale = math.sqrt(max(1.0, rows / columns))
                direction = orthogonalize(update)
                if self.even:
                    direction = self.by_units((name, part), direction)
                matrix.mul_(1 - self.rate * self.decay)
                matrix.sub_(self.rate * scale * direction)
