"""How well the search answers, and how fast: ``python benchmarks/knowledge/search.py [lay legal questions.jsonl]``.

The file, if one is given, has ``{"id", "question", "statutes"}`` a line: real questions with the articles that answer them.
Speed is given in milliseconds and as a ratio to encoding the same questions with the classifier's encoder, beside it.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from pathlib import Path

from asked import Asked, by_article, inside, outside

from knowledge.search import Finder
from knowledge.shelf import shelf
from knowledge.statutes import in_full
from nlu.text.normalise import for_model
from nlu.understand.encoder import default_encoder


def own(finder: Finder, asked: list[Asked]) -> dict[str, float]:
    """Shares of our own questions: the entry they were written for first, in the first three; any that answers them first; answered."""
    found = [finder.search(a.text) for a in asked]
    ids = [[h.entry.id for h in f.hits] for f in found]
    return {
        "questions": len(asked),
        "written for, first": statistics.mean(i[0] == a.entries[0] for i, a in zip(ids, asked, strict=True)),
        "written for, first three": statistics.mean(a.entries[0] in i for i, a in zip(ids, asked, strict=True)),
        "answering, first": statistics.mean(i[0] in a.entries for i, a in zip(ids, asked, strict=True)),
        "answering, first three": statistics.mean(
            any(e in i for e in a.entries) for i, a in zip(ids, asked, strict=True)
        ),
        "answered": statistics.mean(f.answered for f in found),
        "answering, first of those answered": statistics.mean(
            i[0] in a.entries for f, i, a in zip(found, ids, asked, strict=True) if f.answered
        ),
    }


def unknown(finder: Finder, name: str) -> dict[str, float]:
    """Share of the questions outside the knowledge base that are answered as unknown."""
    asked = outside(name)
    return {"questions": len(asked), "unknown": statistics.mean(not finder.search(q).answered for q in asked)}


def by_articles(finder: Finder, file: Path) -> dict[str, float]:
    """Shares of real questions whose answer cites one of the articles that answer them."""
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    laws = finder.library.laws
    found = [finder.search(r["question"]) for r in rows]
    cites = [
        [bool({in_full(laws, c) for c in h.entry.statutes} & set(r["statutes"])) for h in f.hits]
        for f, r in zip(found, rows, strict=True)
    ]
    answered = [c for f, c in zip(found, cites, strict=True) if f.answered]
    return {
        "questions": len(rows),
        "first": statistics.mean(c[0] for c in cites),
        "first three": statistics.mean(any(c) for c in cites),
        "answered": len(answered) / len(rows),
        "first of those answered": statistics.mean(c[0] for c in answered),
        "first three of those answered": statistics.mean(any(c) for c in answered),
    }


def speed(finder: Finder) -> dict[str, float]:
    """Milliseconds of a search, and its ratio to encoding the question alone. Questions not searched before: nothing is remembered."""
    questions = [f"{a.text}？" for a in inside("held_out")[:200]]
    encoder, searched, encoded = default_encoder(), [], []
    for question in questions[:10]:  # warm
        finder.search(f"喂，{question}")
    for question in questions:
        begin = time.perf_counter()
        finder.search(question)
        middle = time.perf_counter()
        encoder.encode([for_model(question)])
        searched.append(middle - begin)
        encoded.append(time.perf_counter() - middle)
    median = statistics.median(searched)
    return {
        "median ms": 1000 * median,
        "p95 ms": 1000 * statistics.quantiles(searched, n=20)[-1],
        "ratio to encoding alone": median / statistics.median(encoded),
    }


def main() -> None:
    """Print everything."""
    finder = shelf().now().finder
    parts = {
        "own questions, held out": own(finder, inside("held_out")),
        "own questions, fitted on": own(finder, inside("fit")),
        "lawyerly, held out": own(finder, by_article("held_out", finder.library)),
        "outside, held out": unknown(finder, "held_out"),
        "outside, fitted on": unknown(finder, "fit"),
        "speed": speed(finder),
    }
    if len(sys.argv) > 1:
        parts[Path(sys.argv[1]).name] = by_articles(finder, Path(sys.argv[1]))
    for name, figures in parts.items():
        print(f"{name}: " + ", ".join(f"{k} {v:.3f}" if v < 2 else f"{k} {v:.1f}" for k, v in figures.items()))


if __name__ == "__main__":
    main()
