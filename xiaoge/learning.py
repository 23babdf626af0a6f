"""``xiaoge learn``: train with what operators corrected, and take the new model only if it is no worse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from cases import service
from cases.city import SAMPLE, place_names
from cases.model import TicketCorrection
from common.db import reading
from nlu import corpus, signal_corpus
from nlu.corpus import Utterance
from nlu.measure import labelled
from nlu.measure.scores import Outcome, measure, read_all
from nlu.taxonomy import Taxonomy, taxonomy
from nlu.understand import store
from nlu.understand.encoder import default_encoder
from nlu.understand.pipeline import Pipeline
from nlu.understand.train import train
from nlu.understand.vectors import VectorStore

# The frozen sets: written to measure with, never trained on.
REGRESSION = Path(corpus.__file__).parent / "held_out"
SHOWN = 8


@dataclass(frozen=True)
class Comparison:
    """One figure of one regression set, before and after."""

    name: str
    before: float
    after: float

    @property
    def worse(self) -> bool:
        return self.after < self.before


def as_utterances(corrections: Sequence[TicketCorrection], known: Taxonomy) -> list[Utterance]:
    """Corrected tickets as training messages; those whose type the taxonomy no longer has are left out."""
    found: dict[str, Utterance] = {}
    for c in corrections:
        if known.has_type(c.type):
            text = c.ticket.text.strip()
            intent = "legal_question" if c.type in corpus.LEGAL_QUESTIONS else "report"
            found[text] = Utterance(text, intent, c.type, "plain", f"ticket {c.ticket.number}", None, (), c.urgent, {})
    return list(found.values())


def compare(name: str, before: Sequence[Outcome], after: Sequence[Outcome]) -> list[Comparison]:
    """The figures by which a model is judged, on one set."""
    old, new = measure(before), measure(after)

    def figure(report: dict[str, Any], part: str, key: str) -> float:
        return float(report.get(part, {}).get(key) or 0.0)

    return [
        Comparison(f"{name}: {part} {key}", figure(old, part, key), figure(new, part, key))
        for part, key in (
            ("category", "top1"),
            ("type", "top1"),
            ("intent", "accuracy"),
            ("act", "accuracy"),
            ("urgent", "recall"),
        )
        if part in old
    ]


def _changes(before: Sequence[Outcome], after: Sequence[Outcome]) -> tuple[list[str], list[str]]:
    """Messages that became right, and those that became wrong, by category."""
    better: list[str] = []
    worse: list[str] = []
    for old, new in zip(before, after, strict=True):
        if old.right != new.right:
            line = f"{old.truth.id}: {old.reading.category} → {new.reading.category}"
            (better if new.right else worse).append(line)
    return better, worse


def learn(city: Path | None, allow: float, keep: int) -> int:
    """Run the command. Returns the exit status: 0 when the new model serves or there was nothing to learn."""
    home = store.folder()
    try:
        written, signals = corpus.load(taxonomy()), signal_corpus.load()
        sets = {f.stem: labelled.read(f, taxonomy()) for f in sorted(REGRESSION.glob("*.yml"))}
        old = Pipeline(store.load(home), default_encoder())
    except (corpus.CorpusError, labelled.LabelledError, store.NoModelError) as error:
        typer.echo(str(error), err=True)
        return 1
    with reading() as session:
        corrected = as_utterances(service.corrections(session), taxonomy())
    if not corrected:
        typer.echo("nothing to learn: no ticket has been corrected yet ('xiaoge tickets correct', or the console)")
        return 0
    texts = {u.text for u in written}
    fresh = [u for u in corrected if u.text not in texts]
    typer.echo(f"learning from {len(corrected)} corrected tickets beside {len(written)} written messages ...")
    vectors = VectorStore(old.encoder, corpus.VECTORS, home / "vectors.npz")
    model = train(
        [*written, *fresh], old.encoder, place_names(city or SAMPLE), vectors, typer.echo, len(fresh), signals
    )
    new = Pipeline(model, old.encoder)
    right = [(old.parse(u.text).type == u.type, new.parse(u.text).type == u.type) for u in corrected]
    typer.echo(
        f"corrected tickets read right: {sum(o for o, _ in right)} before, {sum(n for _, n in right)} after, "
        f"of {len(corrected)}"
    )
    verdicts: list[Comparison] = []
    for name, messages in sets.items():
        before, after = read_all(old, messages), read_all(new, messages)
        verdicts += compare(name, before, after)
        better, worse = _changes(before, after)
        typer.echo(f"{name}: {len(better)} messages became right, {len(worse)} became wrong")
        for line in worse[:SHOWN]:
            typer.echo(f"  now wrong  {line}")
    for v in verdicts:
        typer.echo(f"  {v.name:<28} {v.before:.4f} → {v.after:.4f}{'  worse' if v.worse else ''}")
    store.save(model, home)
    if any(v.before - v.after > allow for v in verdicts):
        typer.echo(
            f"not promoted: worse on a regression set. The model stays on disk as {model.manifest['id']}; "
            f"'xiaoge model use {model.manifest['id']}' would serve it all the same"
        )
        return 1
    before_id = store.current(home)
    store.use(str(model.manifest["id"]), home)
    store.prune(home, keep)
    typer.echo(
        f"promoted: {model.manifest['id']} is now current; 'xiaoge up' reads it at its next start. "
        f"Back again: 'xiaoge model use {before_id}'"
    )
    return 0
