"""Adapt the encoder's last layers to the written corpus and write ``nlu/understand/adapted.npz``. See README.md beside it."""

from __future__ import annotations

import argparse
import math
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from network import Network
from torch import nn

from nlu import corpus
from nlu.corpus import Utterance, held_out
from nlu.taxonomy import taxonomy
from nlu.text.normalise import for_model
from nlu.text.retyped import homophone_typos, homophones, no_punctuation
from nlu.understand import e5file
from nlu.understand.e5file import ModelFile
from nlu.understand.e5tokens import Tokeniser
from nlu.understand.encoder import BASE, PATCH
from nlu.understand.features import windows

FIRST = 8  # the lowest layer that learns, of twelve
EPOCHS = 3
BATCH = 32
LONGEST = 128  # tokens
ENCODER_RATE, HEAD_RATE = 1.5e-4, 2e-3
DROPOUT, SMOOTHING = 0.1, 0.1
SCALE = 16.0  # of the cosine logits
NOISY = 0.25  # share of messages seen with typos
WARM_UP, LOWEST = 0.06, 0.02  # of the steps; of the rate
BUCKETS = 20  # batches sorted by length together
SEED = 1


@dataclass(frozen=True)
class Example:
    """A text with its classes; ``type`` is -1 for messages that are no matter."""

    text: str
    type: int
    intent: int
    urgent: int


class Task(nn.Module):
    """The encoder with one cosine head per label, for training only."""

    def __init__(self, network: Network, types: int, intents: int) -> None:
        super().__init__()
        hidden = network.header.hidden
        self.network = network
        self.heads = nn.ModuleDict(
            {"matter": nn.Linear(hidden, types), "intent": nn.Linear(hidden, intents), "urgent": nn.Linear(hidden, 2)}
        )

    def loss(self, ids: list[list[int]], batch: list[Example]) -> torch.Tensor:
        """Sum of the three heads' losses; the matter type weighs most."""
        with torch.autocast("cpu", dtype=torch.bfloat16):
            vectors = self.network(ids)
        vectors = vectors.float() * SCALE
        types = torch.tensor([e.type for e in batch])
        total = 0.5 * F.cross_entropy(
            self.heads["intent"](vectors), torch.tensor([e.intent for e in batch]), label_smoothing=SMOOTHING
        )
        total = total + 0.5 * F.cross_entropy(self.heads["urgent"](vectors), torch.tensor([e.urgent for e in batch]))
        if bool((types >= 0).any()):
            total = total + F.cross_entropy(
                self.heads["matter"](vectors), types, ignore_index=-1, label_smoothing=SMOOTHING
            )
        return total


def examples(written: list[Utterance]) -> tuple[list[Example], int, int]:
    """Training examples, and how many matter types and intents there are."""
    types = sorted({u.type for u in written if u.type})
    intents = sorted({u.intent for u in written})
    out = []
    for utterance in written:
        if held_out(utterance):
            continue
        for view in utterance.views:
            for piece in windows(for_model(view)):
                kind = types.index(utterance.type) if utterance.type else -1
                out.append(Example(piece, kind, intents.index(utterance.intent), int(utterance.urgent)))
    return out, len(types), len(intents)


def batches(lengths: list[int], chance: random.Random) -> Iterator[list[int]]:
    """Indices of one epoch, texts of like length together."""
    order = list(range(len(lengths)))
    chance.shuffle(order)
    out = []
    for i in range(0, len(order), BATCH * BUCKETS):
        group = sorted(order[i : i + BATCH * BUCKETS], key=lambda j: lengths[j])
        out += [group[j : j + BATCH] for j in range(0, len(group), BATCH)]
    chance.shuffle(out)
    yield from out


def adapt(written: list[Utterance], epochs: int) -> dict[str, e5file.Bytes]:
    """Train, and give the learnt tensors as they are stored."""
    torch.manual_seed(SEED)
    chance = random.Random(SEED)
    file = ModelFile(BASE.read_bytes())
    tokenise = Tokeniser(file)
    found, types, intents = examples(written)
    task = Task(Network(file, FIRST, DROPOUT), types, intents)
    typos = homophone_typos(homophones(u.text for u in written))
    plain = [tokenise(e.text, LONGEST) for e in found]
    groups = [
        {"params": [p for p in task.network.parameters() if p.requires_grad], "lr": ENCODER_RATE},
        {"params": list(task.heads.parameters()), "lr": HEAD_RATE},
    ]
    optimiser = torch.optim.AdamW(groups, weight_decay=0.01)
    steps = math.ceil(len(found) / BATCH) * epochs
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda s: min(1.0, (s + 1) / (WARM_UP * steps)) * max(LOWEST, 1 - s / steps)
    )

    def seen(index: int) -> list[int]:
        if chance.random() >= NOISY:
            return plain[index]
        text = typos(found[index].text)
        return tokenise(no_punctuation(text) if chance.random() < 1 / 3 else text, LONGEST)

    task.train()
    begin, step, total = time.monotonic(), 0, 0.0
    for epoch in range(epochs):
        for batch in batches([len(p) for p in plain], chance):
            loss = task.loss([seen(i) for i in batch], [found[i] for i in batch])
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(groups[0]["params"], 1.0)
            optimiser.step()
            schedule.step()
            step, total = step + 1, total + float(loss)
            if step % 50 == 0:
                print(
                    f"epoch {epoch + 1}: step {step} of {steps}, loss {total / 50:.3f}, {time.monotonic() - begin:.0f} s",
                    flush=True,
                )
                total = 0.0
    return task.network.patch(file)


def main() -> None:
    """Run the adaptation."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--out", type=Path, default=PATCH)
    arguments = parser.parse_args()
    tensors = adapt(corpus.load(taxonomy()), arguments.epochs)
    e5file.write_patch(arguments.out, e5file.digest(BASE.read_bytes()), tensors)
    print(f"written: {arguments.out} ({arguments.out.stat().st_size / 1e6:.1f} MB)")


if __name__ == "__main__":
    main()
