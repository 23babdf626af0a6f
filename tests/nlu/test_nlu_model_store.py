"""Models on disk."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nlu.understand import store
from nlu.understand.pipeline import Pipeline


def test_a_saved_model_reads_messages_like_the_one_saved(pipeline: Pipeline, tmp_path: Path) -> None:
    store.save(pipeline.model, tmp_path)
    store.use(pipeline.model.manifest["id"], tmp_path)
    loaded = store.load(tmp_path)
    assert loaded.manifest == pipeline.model.manifest
    assert np.array_equal(loaded.idf, pipeline.model.idf)
    again = Pipeline(loaded, pipeline.encoder)
    text = "幸福里3号楼楼下烧烤店半夜吵"
    assert again.parse(text) == pipeline.parse(text)


def test_a_missing_model_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(store.NoModelError, match="xiaoge train"):
        store.load(tmp_path)


def test_a_model_that_could_not_be_written_whole_does_not_replace_the_current_one(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    store.save(pipeline.model, tmp_path)
    store.use(pipeline.model.manifest["id"], tmp_path)
    broken = replace(pipeline.model, manifest={**pipeline.model.manifest, "id": "broken", "scores": object()})
    with pytest.raises(TypeError):
        store.save(broken, tmp_path)
    assert store.load(tmp_path).manifest["id"] == pipeline.model.manifest["id"]


def test_an_earlier_model_can_be_used_again_and_old_ones_are_cleared_away(pipeline: Pipeline, tmp_path: Path) -> None:
    for n in range(4):
        moment = f"2026-01-0{n + 1}T00:00:00+00:00"
        store.save(
            replace(pipeline.model, manifest={**pipeline.model.manifest, "id": f"m{n}", "trained_at": moment}), tmp_path
        )
    store.use("m0", tmp_path)
    assert store.load(tmp_path).manifest["id"] == "m0"
    assert [m["id"] for m in store.manifests(tmp_path)] == ["m3", "m2", "m1", "m0"]
    assert store.prune(tmp_path, 2) == ["m1"]
    assert [m["id"] for m in store.manifests(tmp_path)] == ["m3", "m2", "m0"]


def test_a_model_that_is_not_there_is_refused_with_those_that_are(pipeline: Pipeline, tmp_path: Path) -> None:
    store.save(pipeline.model, tmp_path)
    with pytest.raises(store.NoModelError, match=pipeline.model.manifest["id"]):
        store.use("nosuch", tmp_path)
