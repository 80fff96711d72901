"""GPT-2 in PyTorch with a key-value cache, for timing generation; random weights."""

import torch
import torch.nn.functional as F
from torch import nn


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.output = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x, keys, values, position):
        """New positions x [B, n, C] from `position` on; keys and values are caches [B, H, T, D]."""
        rows, n, width = x.shape
        q, k, v = (
            part.view(rows, n, self.heads, width // self.heads).transpose(1, 2)
            for part in self.qkv(self.norm1(x)).split(width, dim=2))
        end = position + n
        keys[:, :, position:end] = k
        values[:, :, position:end] = v
        attended = F.scaled_dot_product_attention(
            q, keys[:, :, :end], values[:, :, :end], is_causal=n > 1)
        x = x + self.output(attended.transpose(1, 2).reshape(rows, n, width))
        return x + self.down(F.gelu(self.up(self.norm2(x)), approximate="tanh"))


class CachedGPT(nn.Module):
    def __init__(self, layers, width, heads, context, vocabulary):
        super().__init__()
        self.heads, self.dimension = heads, width // heads
        self.tokens, self.positions = nn.Embedding(vocabulary, width), nn.Embedding(context, width)
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        for parameter in self.parameters():
            if parameter.dim() > 1:
                nn.init.normal_(parameter, std=0.02)

    @torch.inference_mode()
    def generate(self, prompts, count):
        """`count` tokens after each of the prompts [B, n]: temperature 0.8, top-k 40."""
        rows, length = prompts.shape
        shape = rows, self.heads, length + count, self.dimension
        caches = [(torch.zeros(shape), torch.zeros(shape)) for _ in self.blocks]
        step, position, chosen = prompts, 0, []
        for _ in range(count):
            n = step.shape[1]
            x = self.tokens(step) + self.positions(torch.arange(position, position + n))
            for block, (keys, values) in zip(self.blocks, caches):
                x = block(x, keys, values, position)
            position += n
            logits = F.linear(self.norm(x[:, -1]), self.tokens.weight)
            best, indices = torch.topk(logits, 40)
            drawn = torch.multinomial(F.softmax(best / 0.8, -1), 1)
            step = indices.gather(-1, drawn)
            chosen.append(step)
        return torch.cat(chosen, 1)
