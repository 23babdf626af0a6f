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
    broken = replace(pipeline.model, manifest={**pipeline.model.manifest, "id": "broken", "scores": object()})
    with pytest.raises(TypeError):
        store.save(broken, tmp_path)
    assert store.load(tmp_path).manifest["id"] == pipeline.model.manifest["id"]
