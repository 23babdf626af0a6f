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


@pytest.fixture(scope="module")
def file(data: bytes) -> e5file.ModelFile:
    return e5file.ModelFile(data)


def test_twelve_layers_are_found_inside_the_file(file: e5file.ModelFile, data: bytes) -> None:
    assert (file.header.layers, file.header.hidden) == (12, HIDDEN)
    assert {f"l{i}.q.w" for i in range(12)} <= set(file.places)
    assert all(p.offset + p.size <= len(data) for p in file.places.values())


def test_unchanged_weights_are_packed_to_the_same_bytes(file: e5file.ModelFile) -> None:
    old = file.bytes_of("l11.q.w")
    weights, scales = file.matrix("l11.q.w", HIDDEN)
    assert weights.shape == (HIDDEN, HIDDEN)
    assert scales.shape == (HIDDEN, HIDDEN // e5file.BLOCK, 1)
    assert np.array_equal(e5file.packed(weights, old), old)


def test_a_changed_weight_changes_its_nibble_only(file: e5file.ModelFile) -> None:
    old = file.bytes_of("l11.q.w")
    weights, scales = file.matrix("l11.q.w", HIDDEN)
    row = int(np.argmax(np.abs(scales[:, 0, 0])))
    step = scales[row, 0, 0]
    weights[row, 0] += step if weights[row, 0] / step < 7 else -step
    assert int((e5file.packed(weights, old) != old).sum()) == 1


def test_a_patch_exchanges_its_tensors_and_nothing_else(file: e5file.ModelFile, tmp_path: Path) -> None:
    weights, _ = file.matrix("l11.q.w", HIDDEN)
    new = e5file.packed(-weights, file.bytes_of("l11.q.w"))
    e5file.write_patch(tmp_path / "p.npz", e5file.digest(file.data), {"l11.q.w": new})
    changed = e5file.with_patch(file.data, tmp_path / "p.npz")
    assert np.array_equal(changed.bytes_of("l11.q.w"), new)
    assert np.array_equal(changed.bytes_of("l10.q.w"), file.bytes_of("l10.q.w"))


def test_a_patch_for_another_file_is_refused(data: bytes, tmp_path: Path) -> None:
    e5file.write_patch(tmp_path / "p.npz", "0" * 64, {})
    with pytest.raises(e5file.EncoderFileError, match="another version"):
        e5file.with_patch(data, tmp_path / "p.npz")


def test_a_patch_with_a_tensor_of_another_size_is_refused(data: bytes, tmp_path: Path) -> None:
    e5file.write_patch(tmp_path / "p.npz", e5file.digest(data), {"l11.q.w": np.zeros(18, np.uint8)})
    with pytest.raises(e5file.EncoderFileError, match=r"l11\.q\.w \(18 bytes\) does not fit"):
        e5file.with_patch(data, tmp_path / "p.npz")


def test_other_bytes_are_no_model_file() -> None:
    with pytest.raises(e5file.EncoderFileError, match="magic"):
        e5file.ModelFile(b"PK\x03\x04")
