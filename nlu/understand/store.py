"""Trained models on disk: one folder each, named by what they were trained on; ``current`` points at one.

models/nlu/3f2a.../weights.npz    the heads' arrays
models/nlu/3f2a.../manifest.json  corpus hash, encoder, scores, thresholds, place names
models/nlu/current                the folder's name
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nlu.understand.encoder import Vectors
from nlu.understand.heads import Head

HEADS = ("intent", "type", "urgent")


class NoModelError(RuntimeError):
    """There is no trained model; the message says how to make one."""


@dataclass(frozen=True)
class Model:
    """Everything the pipeline loads."""

    heads: dict[str, Head]
    idf: Vectors
    manifest: dict[str, Any]


def folder() -> Path:
    """Where models live: ``XIAOGE_MODELS``, or ``models/nlu`` of the project."""
    return Path(os.environ.get("XIAOGE_MODELS") or Path(__file__).resolve().parents[2] / "models/nlu")


def save(model: Model, home: Path) -> Path:
    """Write a model and make it the current one. The pointer moves last, so a crash leaves the old model in place."""
    target = home / str(model.manifest["id"])
    target.mkdir(parents=True, exist_ok=True)
    arrays: dict[str, Any] = {"idf": model.idf}
    for name, head in model.heads.items():
        arrays.update(head.arrays(name))
    partial = target / "weights.partial.npz"
    np.savez(partial, **arrays)
    partial.replace(target / "weights.npz")
    (target / "manifest.json").write_text(json.dumps(model.manifest, ensure_ascii=False, indent=1), encoding="utf-8")
    pointer = home / "current.new"
    pointer.write_text(target.name)
    pointer.replace(home / "current")
    return target


def load(home: Path | None = None) -> Model:
    """The current model.

    Raises:
        NoModelError: when nothing has been trained here yet.
    """
    home = home or folder()
    pointer = home / "current"
    if not pointer.exists():
        raise NoModelError(f"no trained model in {home}: run 'make setup', or 'xiaoge train'")
    where = home / pointer.read_text().strip()
    with np.load(where / "weights.npz", allow_pickle=False) as data:
        arrays = {key: data[key] for key in data.files}
    manifest = json.loads((where / "manifest.json").read_text(encoding="utf-8"))
    heads = {name: Head.from_arrays(arrays, name) for name in HEADS}
    return Model(heads, np.asarray(arrays["idf"], np.float32), manifest)
