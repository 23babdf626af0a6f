"""Trained models on disk: one folder each, named by what they were trained on; ``current`` points at one.

models/nlu/3f2a.../weights.npz    the heads' arrays
models/nlu/3f2a.../entities.crf   the entity tagger
models/nlu/3f2a.../manifest.json  corpus hash, encoder, scores, thresholds, signals, place names
models/nlu/current                the folder's name
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nlu.understand.encoder import Vectors
from nlu.understand.encoder import models as folder
from nlu.understand.heads import Head

__all__ = ["Model", "NoModelError", "current", "folder", "load", "manifests", "prune", "save", "use"]
HEADS = ("intent", "type", "urgent")
SIGNAL = "signal."  # what the names of the signals' heads begin with


class NoModelError(RuntimeError):
    """There is no trained model; the message says how to make one."""


@dataclass(frozen=True)
class Model:
    """Everything the pipeline loads."""

    heads: dict[str, Head]
    idf: Vectors
    tagger: bytes
    manifest: dict[str, Any]


def save(model: Model, home: Path) -> Path:
    """Write a model beside the others; :func:`use` makes it the current one."""
    target = home / str(model.manifest["id"])
    target.mkdir(parents=True, exist_ok=True)
    arrays: dict[str, Any] = {"idf": model.idf}
    for name, head in model.heads.items():
        arrays.update(head.arrays(name))
    partial = target / "weights.partial.npz"
    np.savez(partial, **arrays)
    partial.replace(target / "weights.npz")
    (target / "entities.crf").write_bytes(model.tagger)
    (target / "manifest.json").write_text(json.dumps(model.manifest, ensure_ascii=False, indent=1), encoding="utf-8")
    return target


def use(identity: str, home: Path) -> None:
    """Make a model the current one. The pointer moves in one step, so a crash leaves the old model in place.

    Raises:
        NoModelError: no model has this id.
    """
    if not (home / identity / "manifest.json").is_file():
        known = ", ".join(m["id"] for m in manifests(home)) or "none"
        raise NoModelError(f"there is no model {identity!r} in {home}; there are: {known}")
    pointer = home / "current.new"
    pointer.write_text(identity)
    pointer.replace(home / "current")


def current(home: Path) -> str | None:
    """Id of the current model, None before the first training."""
    pointer = home / "current"
    return pointer.read_text().strip() if pointer.exists() else None


def manifests(home: Path) -> list[dict[str, Any]]:
    """What is known of each model on disk, newest first."""
    found = [json.loads(f.read_text(encoding="utf-8")) for f in home.glob("*/manifest.json")]
    return sorted(found, key=lambda m: (m["trained_at"], m["id"]), reverse=True)


def prune(home: Path, keep: int) -> list[str]:
    """Remove all but the ``keep`` newest models, never the current one. Returns the ids removed."""
    old = [m["id"] for m in manifests(home)[keep:] if m["id"] != current(home)]
    for identity in old:
        shutil.rmtree(home / identity)
    return old


def load(home: Path | None = None, identity: str | None = None) -> Model:
    """A model, by default the current one.

    Raises:
        NoModelError: when nothing has been trained here yet.
    """
    home = home or folder()
    identity = identity or current(home)
    if identity is None or not (home / identity / "weights.npz").is_file():
        raise NoModelError(f"no trained model in {home}: run 'make setup', or 'xiaoge train'")
    where = home / identity
    with np.load(where / "weights.npz", allow_pickle=False) as data:
        arrays = {key: data[key] for key in data.files}
    manifest = json.loads((where / "manifest.json").read_text(encoding="utf-8"))
    names = (*HEADS, *(SIGNAL + name for name in manifest.get("signals", {})))
    heads = {name: Head.from_arrays(arrays, name) for name in names}
    return Model(heads, np.asarray(arrays["idf"], np.float32), (where / "entities.crf").read_bytes(), manifest)
