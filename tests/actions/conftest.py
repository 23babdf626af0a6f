"""Fixtures for the tests of ``actions``."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

import dialogue
from databases import city_database, database, empty_database

from actions.turn import Turn
from nlu.understand.pipeline import Pipeline, default_pipeline

__all__ = ["city_database", "database", "empty_database"]


@pytest.fixture(scope="session")
def pipeline() -> Pipeline:
    """The trained pipeline."""
    return default_pipeline()


@pytest.fixture(scope="session")
def turn(pipeline: Pipeline) -> Callable[..., Turn]:
    """``turn(text, **meta)``: a message as the intake sees it."""
    return partial(dialogue.turn, pipeline)


@pytest.fixture
def resident(pipeline: Pipeline) -> dialogue.Resident:
    """A resident who talks with the assistant."""
    return dialogue.Resident(pipeline)
