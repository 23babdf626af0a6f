"""Where a message is cut into several matters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlu.understand.segments import segments


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("楼道灯坏了好几天", ["楼道灯坏了好几天"]),
        ("楼道灯坏了好几天，另外垃圾也没人收", ["楼道灯坏了好几天", "另外垃圾也没人收"]),
        ("路灯不亮了，还有就是井盖丢了", ["路灯不亮了", "还有就是井盖丢了"]),
        ("路灯不亮了。再就是井盖丢了。顺便问一下低保咋办", ["路灯不亮了。", "再就是井盖丢了。", "顺便问一下低保咋办"]),
        ("一、路灯不亮；二、井盖丢了；三、垃圾没人收", ["一、路灯不亮", "二、井盖丢了", "三、垃圾没人收"]),
        ("1、路灯不亮了 2、井盖丢了没人管", ["1、路灯不亮了", "2、井盖丢了没人管"]),
        ("他骂了我，我很生气，我想讨个说法", ["他骂了我，我很生气，我想讨个说法"]),
        ("", [""]),
    ],
)
def test_only_marked_cuts_cut(text: str, pieces: list[str]) -> None:
    assert [p.rstrip("。") for p in segments(text)] == [p.rstrip("。") for p in pieces]


@given(st.text(alphabet="路灯坏了，。；\n 另外还有第二2、再就是", max_size=60))
def test_no_word_is_lost_by_cutting(text: str) -> None:
    def words(piece: str) -> str:
        return "".join(c for c in piece if c not in " ，。；\n")

    assert words("".join(segments(text))) == words(text)
