"""Citations: a law's short name and an article, 民法典第一千零六十七条."""

from __future__ import annotations

import re
from dataclasses import dataclass

from nlu.entities.numbers import value

_FORM = re.compile(r"(?P<law>.+?)(?P<article>第[一二三四五六七八九十百千零]+条(?:之[一二三四五六七八九十]+)?)")
_ARTICLE = re.compile(r"第([一二三四五六七八九十百千零]+)条")


@dataclass(frozen=True, order=True)
class Citation:
    """An article of a law; ``law`` is the name the statutes' index has it under."""

    law: str
    article: str

    def __str__(self) -> str:
        return f"{self.law}{self.article}"


def parse(text: str) -> Citation | None:
    """The citation ``text`` is; None if it is none."""
    match = _FORM.fullmatch(text.strip())
    return Citation(match["law"], match["article"]) if match else None


def number(article: str) -> int:
    """第一千零六十七条 → 1067; 0 if it is no article. 之一 counts as the article before it.

    Args:
        article: with 第 and 条.
    """
    match = _ARTICLE.match(article)
    if match is None:
        return 0
    return int(value(match[1]) or 0)
