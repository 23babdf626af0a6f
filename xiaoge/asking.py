"""``xiaoge ask``: a question answered from the knowledge base, in the terminal or JSONL in, JSONL out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from knowledge.library import KnowledgeError
from knowledge.search import Found
from knowledge.shelf import Served, shelf
from knowledge.showing import told
from knowledge.statutes import in_full
from xiaoge import jsonl

SHOWN = 3  # entries of a line out


def _served() -> Served | None:
    try:
        return shelf().now()
    except KnowledgeError as error:
        typer.echo(str(error), err=True)
        return None


def _as_dict(found: Found, served: Served) -> dict[str, Any]:
    laws = served.library.laws
    return {
        "answered": found.answered,
        "sure": round(found.sure, 4),
        "entries": [
            {
                "id": hit.entry.id,
                "title": hit.entry.question,
                "score": round(hit.score, 4),
                "statutes": [in_full(laws, c) for c in hit.entry.statutes],
            }
            for hit in found.hits
        ],
    }


def ask_lines(source: Path | None, target: Path | None) -> int:
    """Answer a file of questions. Returns the exit status."""
    served = _served()
    if served is None:
        return 1

    def work(question: str) -> dict[str, Any]:
        return _as_dict(served.finder.search(question, SHOWN), served)

    return jsonl.run(source, target, "question", work, "answered")


def ask_once(question: str) -> int:
    """Answer one question in the terminal. Returns the exit status."""
    served = _served()
    if served is None:
        return 1
    found = served.finder.search(question)
    if not found.answered:
        typer.echo("这个我没有把握，不敢乱讲。请打12348，免费，有律师给您讲。")
        return 0
    typer.echo("\n".join(told(found.hits[0].entry, served.library)))
    if len(found.hits) > 1:
        typer.echo("\n也可能您问的是：" + "；".join(hit.entry.question for hit in found.hits[1:]))
    return 0


def ask_on() -> int:
    """Ask for questions until Ctrl-D. Returns the exit status."""
    if _served() is None:
        return 1
    typer.echo("有什么法律上的事，问吧（Ctrl-D 结束）。")
    while True:
        try:
            question = input("您    ")
        except EOFError:
            return 0
        if question.strip() and (status := ask_once(question)):
            return status
        typer.echo("")
