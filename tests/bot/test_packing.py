"""Several lines become one message; long ones are cut where a reader would cut them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.channels.base import pack, split


def test_short_lines_are_packed_into_one_message() -> None:
    assert pack(["先顾人！", "工单号 600-000-017", "在什么地方？"], 2000) == [
        "先顾人！\n\n工单号 600-000-017\n\n在什么地方？"
    ]


def test_a_long_text_is_cut_at_a_line_end() -> None:
    first, second = split("甲" * 10 + "\n" + "乙" * 10, 40)
    assert (first, second) == ("甲" * 10, "乙" * 10)


@given(st.lists(st.text(min_size=1, max_size=80), max_size=8), st.integers(20, 120))
def test_nothing_is_lost_and_no_piece_is_too_long(lines: list[str], limit: int) -> None:
    packed = pack(lines, limit)
    assert all(len(piece.encode("utf-8", "surrogatepass")) <= limit for piece in packed)
    assert "".join("".join(packed).split("\n")) == "".join("".join(lines).split("\n"))
