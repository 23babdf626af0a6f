"""Adapt the encoder's upper layers to the knowledge base and write ``knowledge/search/adapted.npz``. See README.md beside it."""

from __future__ import annotations

import argparse
import math
import random
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

sys.path.insert(0, str(Path(__file__).parents[1] / "adapt_encoder"))
from network import Network

from knowledge import library
from knowledge.search.encoder import PATCH as TARGET
from knowledge.search.evidence import body_of
from nlu.text.normalise import for_model
from nlu.text.retyped import homophone_typos, homophones, no_punctuation
from nlu.understand import e5file
from nlu.understand.e5tokens import Tokeniser
from nlu.understand.encoder import BASE, PATCH

FIRST = 6  # the lowest layer that learns, of twelve
EPOCHS = 4
BATCH = 32
LONGEST = 96  # tokens
ENCODER_RATE, MIDDLES_RATE = 1.5e-4, 3e-3
DROPOUT, SMOOTHING = 0.1, 0.05
SCALE = 20.0  # of the cosine logits
NOISY, UNPUNCTUATED = 0.2, 0.4  # share of phrasings seen with typos; and of those without punctuation
WARM_UP, LOWEST = 0.06, 0.02  # of the steps; of the rate
BUCKETS = 20  # batches sorted by length together
SEED = 1


@dataclass(frozen=True)
class Example:
    """A text and the entry it belongs to; a body is not misspelt."""

    text: str
    entry: int
    body: bool


def examples() -> list[Example]:
    """Every phrasing and every answer of the knowledge base."""
    entries = list(library.load().entries.values())
    asked = [Example(for_model(p), i, False) for i, e in enumerate(entries) for p in e.phrasings]
    return asked + [Example(body_of(e), i, True) for i, e in enumerate(entries)]


def _middles(network: Network, ids: list[list[int]], found: list[Example]) -> torch.Tensor:
    """Where each entry's phrasings lie before anything is learnt, unit length, shape (entries, hidden)."""
    network.eval()
    total = np.zeros((max(e.entry for e in found) + 1, network.header.hidden), np.float32)
    order = sorted(range(len(ids)), key=lambda j: len(ids[j]))
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        for start in range(0, len(order), 64):
            group = order[start : start + 64]
            np.add.at(total, [found[j].entry for j in group], network([ids[j] for j in group]).float().numpy())
    return F.normalize(torch.tensor(total), dim=-1)


def _batches(lengths: list[int], chance: random.Random) -> list[list[int]]:
    order = list(range(len(lengths)))
    chance.shuffle(order)
    out = []
    for i in range(0, len(order), BATCH * BUCKETS):
        group = sorted(order[i : i + BATCH * BUCKETS], key=lambda j: lengths[j])
        out += [group[j : j + BATCH] for j in range(0, len(group), BATCH)]
    chance.shuffle(out)
    return out


def adapt(epochs: int, begin_from: Path) -> dict[str, e5file.Bytes]:
    """Train, and give the learnt tensors as they are stored.

    Args:
        epochs: how often everything is seen.
        begin_from: the patch to begin from: the classifier's, or the search's own to go on with it.
    """
    torch.manual_seed(SEED)
    chance = random.Random(SEED)
    file = e5file.with_patch(BASE.read_bytes(), begin_from)
    tokenise, found = Tokeniser(file), examples()
    network = Network(file, FIRST, DROPOUT)
    typos = homophone_typos(homophones(e.text for e in found if not e.body))
    plain = [tokenise(e.text, LONGEST) for e in found]
    middles = nn.Parameter(_middles(network, plain, found))
    learning = [p for p in network.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(
        [{"params": learning, "lr": ENCODER_RATE}, {"params": [middles], "lr": MIDDLES_RATE}], weight_decay=0.01
    )
    steps = math.ceil(len(found) / BATCH) * epochs
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda s: min(1.0, (s + 1) / (WARM_UP * steps)) * max(LOWEST, 1 - s / steps)
    )

    def seen(index: int) -> list[int]:
        if found[index].body or chance.random() >= NOISY:
            return plain[index]
        text = typos(found[index].text)
        return tokenise(no_punctuation(text) if chance.random() < UNPUNCTUATED else text, LONGEST)

    network.train()
    begin, step, total = time.monotonic(), 0, 0.0
    for epoch in range(epochs):
        for batch in _batches([len(p) for p in plain], chance):
            with torch.autocast("cpu", dtype=torch.bfloat16):
                vectors = network([seen(i) for i in batch])
            logits = SCALE * vectors.float() @ F.normalize(middles, dim=-1).T
            entries = torch.tensor([found[i].entry for i in batch])
            loss = F.cross_entropy(logits, entries, label_smoothing=SMOOTHING)
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(learning, 1.0)
            optimiser.step()
            schedule.step()
            step, total = step + 1, total + loss.item()
            if step % 50 == 0:
                spent = time.monotonic() - begin
                print(f"epoch {epoch + 1}: step {step} of {steps}, loss {total / 50:.3f}, {spent:.0f} s", flush=True)
                total = 0.0
    return network.patch(file)


def main() -> None:
    """Run the adaptation."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--further", action="store_true", help="go on from the shipped one, after entries were added")
    parser.add_argument("--out", type=Path, default=TARGET)
    arguments = parser.parse_args()
    tensors = adapt(arguments.epochs, TARGET if arguments.further else PATCH)
    e5file.write_patch(arguments.out, e5file.digest(BASE.read_bytes()), tensors)
    print(f"written: {arguments.out} ({arguments.out.stat().st_size / 1e6:.1f} MB)")


if __name__ == "__main__":
    main()
