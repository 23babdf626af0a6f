"""``xiaoge train``."""

from __future__ import annotations

from pathlib import Path

import typer

from cases.city import SAMPLE, place_names
from nlu import corpus, signal_corpus
from nlu.taxonomy import taxonomy
from nlu.understand import store
from nlu.understand.encoder import default_encoder
from nlu.understand.train import readings, train
from nlu.understand.vectors import VectorStore
from nlu.understand.vectors import save as save_vectors

KEPT = 10  # models on disk


def train_model(city: Path | None, ship: bool = False) -> None:
    """Train on the corpus and make the new model the current one; ``ship`` writes the corpus's vectors beside it."""
    try:
        utterances, signals = corpus.load(taxonomy()), signal_corpus.load()
    except corpus.CorpusError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    home = store.folder()
    encoder = default_encoder()
    vectors = VectorStore(encoder, corpus.VECTORS, home / "vectors.npz")
    model = train(utterances, encoder, place_names(city or SAMPLE), vectors, typer.echo, signals=signals)
    if ship:
        texts = [text for _, text in (*readings(utterances), *readings(signals.said))]
        save_vectors(corpus.VECTORS, vectors.of(texts))
    store.save(model, home)
    store.use(str(model.manifest["id"]), home)
    store.prune(home, KEPT)
    scores = model.manifest["scores"]
    typer.echo(
        f"trained on {model.manifest['messages']} messages; on a held-out fifth: intent {scores['intent']['top1']:.3f}, "
        f"category {scores['category']['top1']:.3f}, matter type {scores['type']['top1']:.3f} "
        f"(first three {scores['type']['top3']:.3f})"
    )
