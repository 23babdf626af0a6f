"""What BM25 counts in a text: jieba's words, and pairs of characters, which stand a word that was cut otherwise."""

from __future__ import annotations

import re
from functools import lru_cache

from nlu.text.normalise import for_model
from nlu.text.tokenise import tokens

_WORD = re.compile(r"\w+")
_PAIR = re.compile(r"[\u4e00-\u9fff]{2}")
# Words of asking, which say nothing of what is asked.
_EMPTY = frozenset(
    "的 了 吗 呢 吧 啊 呀 怎么 怎么办 咋办 咋整 咋 请问 我 我们 俺 你 您 他 她 它 这 那 是 有 没有 在 和 跟 与 要 能 可以 应该 什么 哪 哪里 谁 多少 就 都 也 还 又 被 把 让 给 到 去 来 说 一个 这个 那个 吗？ 办".split()
)


@lru_cache(maxsize=4096)
def terms(text: str) -> tuple[str, ...]:
    """The terms of a text, with repetitions."""
    plain = for_model(text)
    words = [w for w in tokens(plain) if _WORD.fullmatch(w) and w not in _EMPTY]
    pairs = [plain[i : i + 2] for i in range(len(plain) - 1) if _PAIR.fullmatch(plain[i : i + 2])]
    return (*words, *(f"~{pair}" for pair in pairs))
