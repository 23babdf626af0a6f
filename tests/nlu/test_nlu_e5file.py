"""The encoder's file: tensors are found, exchanged, and nothing else changes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nlu.understand import e5file
from nlu.understand.encoder import BASE

HIDDEN = 384


@pytest.fixture(scope="module")
def data() -> bytes:
    return BASE.read_bytes()


def blocks(data: bytes, name: str) -> e5file.Bytes:
    place = e5file.directory(data)[name]
    return np.frombuffer(data, np.uint8, place.size, place.offset)


def test_twelve_layers_are_found_inside_the_file(data: bytes) -> None:
    places = e5file.directory(data)
    assert {f"l{i}.q.w" for i in range(12)} <= set(places)
    assert all(p.offset + p.size <= len(data) for p in places.values())


def test_unchanged_weights_are_packed_to_the_same_bytes(data: bytes) -> None:
    old = blocks(data, "l11.q.w")
    weights, scales = e5file.unpacked(old, HIDDEN)
    assert weights.shape == (HIDDEN, HIDDEN)
    assert scales.shape == (HIDDEN, HIDDEN // e5file.BLOCK, 1)
    assert np.array_equal(e5file.packed(weights, old), old)


def test_a_changed_weight_changes_its_nibble_only(data: bytes) -> None:
    old = blocks(data, "l11.q.w")
    weights, scales = e5file.unpacked(old, HIDDEN)
    row = int(np.argmax(np.abs(scales[:, 0, 0])))
    step = scales[row, 0, 0]
    weights[row, 0] += step if weights[row, 0] / step < 7 else -step
    assert int((e5file.packed(weights, old) != old).sum()) == 1


def test_a_patch_exchanges_its_tensors_and_nothing_else(data: bytes, tmp_path: Path) -> None:
    old = blocks(data, "l11.q.w")
    weights, _ = e5file.unpacked(old, HIDDEN)
    new = e5file.packed(-weights, old)
    e5file.write_patch(tmp_path / "p.npz", e5file.digest(data), {"l11.q.w": new})
    e5file.patched(BASE, tmp_path / "p.npz", tmp_path / "out.bin")
    out = (tmp_path / "out.bin").read_bytes()
    assert np.array_equal(blocks(out, "l11.q.w"), new)
    assert np.array_equal(blocks(out, "l10.q.w"), blocks(data, "l10.q.w"))
    assert len(out) == len(data)


def test_a_patch_for_another_file_is_refused(data: bytes, tmp_path: Path) -> None:
    e5file.write_patch(tmp_path / "p.npz", "0" * 64, {})
    with pytest.raises(e5file.EncoderFileError, match="another version"):
        e5file.patched(BASE, tmp_path / "p.npz", tmp_path / "out.bin")
    assert not (tmp_path / "out.bin").exists()


def test_other_bytes_are_no_model_file() -> None:
    with pytest.raises(e5file.EncoderFileError, match="magic"):
        e5file.directory(b"PK\x03\x04")
