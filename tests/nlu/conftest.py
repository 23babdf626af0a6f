"""Fixtures for the tests of ``nlu``."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from nlu.understand.pipeline import Entity, Pipeline, default_pipeline


@pytest.fixture(scope="session")
def pipeline() -> Pipeline:
    """The trained pipeline."""
    return default_pipeline()


@pytest.fixture(scope="session")
def find(pipeline: Pipeline) -> Callable[[str, str], list[Entity]]:
    """``find(text, kind)``: the entities of one kind in a text, in order."""
    return lambda text, kind: [e for e in pipeline.entities(text) if e.kind == kind]
