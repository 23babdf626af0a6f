"""The guides in the documentation: their pictures in a folder, and the part of a page that lists and shows them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from knowledge.guiding import drawing
from knowledge.guiding.graph import longest
from knowledge.guiding.layout import WIDTH
from knowledge.guiding.model import Guide

BEGIN, END = "<!-- guides: written by `xiaoge kb draw` -->\n", "<!-- end of guides -->\n"


def table(guides: Mapping[str, Guide], titles: Mapping[str, str]) -> str:
    """All guides as a Markdown table.

    Args:
        guides: without flaws, by id.
        titles: what drafts are called, by id.
    """
    lines = ["| guide | title | questions | on the longest way | results | drafts |", "|---|---|---:|---:|---:|---|"]
    for guide in guides.values():
        drafts = dict.fromkeys(r.draft for r in guide.results.values() if r.draft)
        cells = (len(guide.questions), longest(guide) or "no end", len(guide.results))
        counts = " | ".join(map(str, cells))
        lines.append(f"| `{guide.id}` | {guide.title} | {counts} | {'、'.join(titles.get(d, d) for d in drafts)} |")
    questions = sum(len(guide.questions) for guide in guides.values())
    results = sum(len(guide.results) for guide in guides.values())
    return "\n".join([*lines, f"| all {len(guides)} | | {questions} | | {results} | {len(titles)} forms |"]) + "\n"


def section(guides: Mapping[str, Guide], titles: Mapping[str, str], folder: str) -> str:
    """The table, and every picture folded up; arguments as for :func:`table`, and the pictures' folder as the page calls it."""
    pictures = [
        f"<details><summary>{guide.title}</summary>\n\n"
        f'<img src="{folder}/{guide.id}.svg" alt="{guide.title}" width="{WIDTH}">\n\n</details>\n'
        for guide in guides.values()
    ]
    return "\n".join([table(guides, titles), *pictures])


def in_page(page: str, guides: Mapping[str, Guide], titles: Mapping[str, str], folder: str) -> str:
    """A page with its part between :data:`BEGIN` and :data:`END` written anew; one without them stays as it is."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        return page
    return f"{before}{BEGIN}\n{section(guides, titles, folder)}\n{END}{after}"


def write(folder: Path, guides: Mapping[str, Guide], titles: Mapping[str, str]) -> list[Path]:
    """Write all pictures, and bring the page beside the folder up to date: ``docs/guides.md`` for ``docs/guides``.

    Returns:
        Pictures in the folder of guides that are gone.

    Raises:
        OSError: something cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for guide in guides.values():
        (folder / f"{guide.id}.svg").write_text(drawing.svg(guide, titles), encoding="utf-8")
    page = folder.with_name(f"{folder.name}.md")
    if page.is_file():
        text = page.read_text(encoding="utf-8")
        page.write_text(in_page(text, guides, titles, folder.name), encoding="utf-8")
    return sorted(file for file in folder.glob("*.svg") if file.stem not in guides)
