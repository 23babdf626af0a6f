"""The command line's part for the knowledge base: checking it, counting it, what is due to be read again, its pictures."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Sequence, Sized
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from xiaoge.failing import fail

if TYPE_CHECKING:
    from knowledge.checking import Checked
    from knowledge.keeping import Due

app = typer.Typer(
    help="The legal knowledge base: entries, statutes, offices, guides, drafts; see docs/knowledge.md.",
    no_args_is_help=True,
)
Entries = Annotated[Path | None, typer.Option("--entries", help="Folder of entries; default: the project's own.")]
Guides = Annotated[Path | None, typer.Option("--guides", help="Folder of guides; default: the project's own.")]
SHOWN = 50  # entries due for review


def _checked(entries: Path | None = None, guides: Path | None = None) -> Checked:
    """Everything read and checked, with the city's own offices."""
    from dataclasses import replace

    from common.settings import settings
    from knowledge.checking import check
    from knowledge.library import Folders

    for folder in (entries, guides):
        if folder is not None and not folder.is_dir():
            raise fail(f"{folder} is no folder")
    where = Folders(own_offices=settings().var / "offices.yml")
    return check(replace(where, entries=entries or where.entries, guides=guides or where.guides))


def _read() -> Checked:
    """Everything that can be read; that there are mistakes is only said."""
    found = _checked()
    if found.problems:
        typer.echo(f"{len(found.problems)} mistakes, first: {found.problems[0]}; see 'xiaoge kb check'", err=True)
    return found


def _wide(text: str) -> int:
    """Columns a text takes in a terminal."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def _table(rows: Sequence[Sequence[str]], right: frozenset[int] = frozenset()) -> None:
    """Print rows under one another. ``right`` are columns of numbers."""
    widths = [max(_wide(row[n]) for row in rows) for n in range(len(rows[0]))]
    for row in rows:
        cells = []
        for n, cell in enumerate(row):
            space = " " * (widths[n] - _wide(cell))
            cells.append(space + cell if n in right else cell + space)
        typer.echo("  ".join(cells).rstrip())


@app.command("check")
def check(entries: Entries = None, guides: Guides = None) -> None:
    """Check everything: entries, statutes, offices (the city's own too), guides and drafts.

    Prints every mistake with file and line, and exits with status 1 if there is one. Hard words that nobody explains are told
    too; they do not keep an entry from being served.
    """
    from knowledge import reading, style
    from knowledge.guiding import reading as guides_reading
    from knowledge.library import told

    found = _checked(entries, guides)
    terms, wrong = style.read()
    problems = [*told(style.FILE.parent, wrong), *found.problems]
    for problem in problems:
        typer.echo(problem, err=True)
    hard = [
        *told(entries or reading.FOLDER, style.in_entries(found.library.entries.values(), terms)),
        *told(guides or guides_reading.FOLDER, style.in_guides(found.guides.values(), terms)),
    ]
    for remark in hard:
        typer.echo(f"{remark} (a hard word; served all the same)", err=True)
    if problems:
        raise fail(f"{len(problems)} mistakes")
    library = found.library
    parts: dict[str, Sized] = {
        "entries": library.entries,
        "laws": library.laws,
        "offices": library.offices,
        "guides": found.guides,
        "drafts": found.drafts,
    }
    counts = ", ".join(f"{len(part)} {name}" for name, part in parts.items())
    typer.echo(f"checked: {counts}; no mistakes" + (f", {len(hard)} hard words" if hard else ""))


@app.command("stats")
def stats() -> None:
    """Count entries, ways to ask, articles and laws, by topic; guides, questions, results; how long sentences are."""
    from knowledge import keeping

    found = _read()
    figures = keeping.figures(found.library, found.guides, found.drafts)
    rows = [["topic", "entries", "ways to ask", "articles", "with time limits", "reviewed"]]
    for topic in figures.topics:
        counts = (topic.entries, topic.phrasings, topic.articles, topic.with_limits, topic.reviewed)
        rows.append([topic.name, *map(str, counts)])
    whole = (figures.entries, figures.phrasings, figures.articles, figures.with_limits, figures.reviewed)
    rows.append(["all", *map(str, whole)])
    _table(rows, frozenset(range(1, 6)))
    typer.echo("")
    _table(
        [
            ["laws cited by article", str(figures.laws)],
            ["laws cited by name only", str(figures.by_name)],
            ["characters in a sentence, mean", f"{figures.sentence:.1f}"],
            ["guides", str(figures.guides)],
            ["their questions", str(figures.questions)],
            ["their results", str(figures.results)],
            ["drafts", str(figures.drafts)],
        ],
        frozenset({1}),
    )


def _as_json(item: Due) -> dict[str, object]:
    entry = item.entry
    review = {"by": entry.reviewed.by, "on": entry.reviewed.on.isoformat()} if entry.reviewed else None
    return {
        "id": entry.id,
        "question": entry.question,
        "file": entry.file,
        "line": entry.line,
        "urgency": item.urgency.name.lower(),
        "why": list(item.why),
        "reviewed": review,
        "time_limits": len(entry.limits),
    }


@app.command("review")
def review(
    days: Annotated[int, typer.Option(help="After how many days a review is old.", min=1)] = 180,
    limit: Annotated[int, typer.Option(help="At most so many, the most urgent first; 0 for all.", min=0)] = SHOWN,
    as_json: Annotated[bool, typer.Option("--json", help="All of them as JSON, for other programs.")] = False,
) -> None:
    """List the entries that are due to be read again against the law, the most urgent first.

    Due is what was never reviewed, or longer ago than --days, or before a law it rests on was changed. An entry that
    names laws outside the statutes' index is due after half the days.
    """
    from knowledge import keeping, reading

    due = keeping.due(_read().library, reading.today(), days)
    if as_json:
        typer.echo(json.dumps([_as_json(item) for item in due], ensure_ascii=False, indent=1))
        return
    shown = due[: limit or None]
    if shown:
        rows = [["urgency", "entry", "where", "why"]]
        rows += [
            [i.urgency.name.lower(), i.entry.id, f"{i.entry.file}:{i.entry.line}", "; ".join(i.why)] for i in shown
        ]
        _table(rows)
    if len(due) > len(shown):
        typer.echo(f"... and {len(due) - len(shown)} more")
    counts = ", ".join(f"{count} {urgency.name.lower()}" for urgency, count in keeping.counted(due).items() if count)
    typer.echo(f"{len(due)} entries are due: {counts}" if due else "no entry is due")


@app.command("show")
def show(
    words: Annotated[list[str], typer.Argument(help="An entry's id, its beginning, or some words of its question.")],
) -> None:
    """Print an entry as a person reads it. Of several that fit, the nearest; the others are named below it."""
    from knowledge import showing

    library = _read().library
    found = showing.find(" ".join(words), library)
    if not found:
        raise fail("no entry has words like these")
    for line in showing.page(found[0], library):
        typer.echo(line)
    if len(found) > 1:
        typer.echo("\nalso near:")
        _table([[f"  {entry.id}", entry.question] for entry in found[1:]])


@app.command("draw")
def draw(
    folder: Annotated[Path, typer.Argument(help="Where to write the pictures.")] = Path("docs/guides"),
) -> None:
    """Write a picture of each guide, <id>.svg. Pictures of guides that are gone are named, not removed.

    If the page beside the folder (docs/guides.md for docs/guides) has a table of guides, it is brought up to date.
    """
    from knowledge.guiding import gallery
    from knowledge.guiding import reading as guides_reading
    from knowledge.papers import reading as drafts_reading

    guides, problems = guides_reading.read()
    drafts, torn = drafts_reading.read()
    if problems or torn:
        raise fail("\n".join([*problems, *torn]))
    try:
        gone = gallery.write(folder, guides, {draft.id: draft.title for draft in drafts.values()})
    except OSError as error:
        raise fail(f"{error.filename}: {error.strerror}") from None
    for file in gone:
        typer.echo(f"{file}: there is no such guide any more; remove it", err=True)
    typer.echo(f"{folder}: {len(guides)} pictures")


@app.command()
def vectors() -> None:
    """For maintainers: write the sentence vectors of all entries to knowledge/search/vectors.npz, which comes with them.

    Without it the first start encodes every phrasing, a few minutes; a city's own entries are always encoded where they are.
    """
    from knowledge import library
    from knowledge.search.encoder import VECTORS, remembered
    from knowledge.search.evidence import texts_of
    from nlu.understand.vectors import save

    texts = texts_of(library.load())
    store = remembered()
    store.plain(texts, typer.echo)
    save(VECTORS, store.of_plain(texts))
    typer.echo(f"written: {VECTORS} ({VECTORS.stat().st_size / 1e6:.1f} MB, {len(texts)} texts)")
