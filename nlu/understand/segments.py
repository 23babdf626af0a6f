"""Cut a message into the matters it speaks of, where the writer marked the cut.

People who report two things say so: 另外, 还有一个事, 再就是, 顺便, 第二, 2、 or a new line. Only such marks cut;
a letter that tells one story in many sentences stays whole.
"""

from __future__ import annotations

import re

_MARK = re.compile(
    r"(?:(?<=[，。！？；\n ])|(?<=[了的啊呢吧]))(?:另外|此外|还有(?:就是|一?[个件]|[，,])|还有(?=[^，。]{0,6}(?:也|那|俺|我|小区|楼|路|门口|老))|再有(?:就是)?|再就是|再一个(?:就是)?|再说一?个|顺便(?:说|反映|问)?|"
    r"同时(?:反映|也)|还想(?:反映|问)|还要反映|对了[，,]?|第[二三四][，、个点：:]|其[次二三][，、：:]?|[二三四2-4][、.．）)](?!\d))"
)
MIN_PIECE = 5


def segments(text: str) -> list[str]:
    """Pieces of a normalised text, one per marked matter, in order; one piece when nothing is marked."""
    cuts = [m.start() for m in _MARK.finditer(text)]
    pieces: list[str] = []
    begin = 0
    for cut in [*cuts, len(text)]:
        piece = text[begin:cut].strip(" ，。；\n")
        if len(piece) >= MIN_PIECE:
            pieces.append(piece)
            begin = cut
    tail = text[begin:].strip(" ，。；\n")
    if pieces and begin < len(text) and len(tail) < MIN_PIECE and tail:
        pieces[-1] += "，" + tail
    return pieces or [text]
