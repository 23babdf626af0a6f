"""Text to speech without a network: a text in, MP3 recordings out, slow and clear for old ears.

The voice is eSpeak NG's Mandarin, by its library and data inside the package ``espeakng-loader``: a voice by rule,
plain but even, and each syllable is said. It is given pinyin, not characters: pypinyin reads a character by its word
(还钱 huán, 还是 hái) and bends tones as they are spoken, which eSpeak's own dictionary does not. ``soundfile`` makes
the MP3, which WeChat and Telegram both take as a voice message.
"""

from __future__ import annotations

import io
import re
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.channels.base import TryLaterError
from bot.utterance import SPELLED, sentences
from bot.words import word
from common.settings import settings
from nlu.text.tokenise import tokens

if TYPE_CHECKING:
    import numpy as np

RATE = 150  # eSpeak's words a minute: three characters a second, where a news reader has nearly five
GAP = 0.45  # seconds of silence after a sentence
PEAK = 0.7  # of full scale: loud enough for a telephone, and nothing is cut off by the encoder
MOST = 3000  # characters of one text that are read at all
TIMEOUT = 15.0  # seconds for one text
_PACKAGES = ("espeakng_loader", "soundfile")
_PROGRAM = Path(__file__).with_name("espeak.py")
_AT_ONCE = threading.BoundedSemaphore(2)  # many may ask at one time; the processor is for the conversations
_LETTERS = dict(
    zip(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        "诶 必 西 地 衣 艾夫 记 艾尺 爱 街 开 艾勒 艾姆 恩 欧 批 扣 阿 艾斯 踢 优 微 答不留 艾克斯 外 贼".split(),
        strict=True,
    )
)
_MARKS = {"，": ",", "、": ",", "：": ",", "；": ",", "。": ".", "！": ".", "？": "?"}


class CannotSpeakError(TryLaterError):
    """There is no voice, or it failed. For a channel a passing failure like any other."""


@dataclass(frozen=True)
class Recording:
    """A piece of speech as an MP3 file, and how long it plays."""

    mp3: bytes
    seconds: float


def can_speak() -> bool:
    """Whether reading aloud is switched on (``XIAOGE_SPEECH``) and its packages are there."""
    return settings().speech and all(find_spec(name) is not None for name in _PACKAGES)


def speak(text: str, longest: float = 600.0, pieces: int = 1) -> list[Recording]:
    """Read a text aloud.

    Args:
        text: as the resident was sent it.
        longest: seconds one recording may play; 20 at least.
        pieces: recordings at most. What does not fit is left out, and the last one says so.

    Returns:
        The recordings in order, cut between sentences; none when nothing in the text can be said.

    Raises:
        CannotSpeakError: switched off, a package is missing, or the voice failed.
    """
    if not can_speak():
        raise CannotSpeakError(f"reading aloud is off (XIAOGE_SPEECH) or a package is missing: {', '.join(_PACKAGES)}")
    said = sentences(text[:MOST])
    if not said:
        return []
    with _AT_ONCE:
        rest = word("speech_rest")
        hertz, sounds = _voice([_pinyin(sentence) for sentence in [*said, *sentences(rest)]])
        body, closing = sounds[: len(said)], sounds[len(said) :]
        return [_recording(piece, hertz) for piece in _packed(body, closing, int(longest * hertz), pieces, hertz)]


def _pinyin(sentence: str) -> str:
    """A sentence as eSpeak reads it: words of pinyin with tone numbers, and its marks."""
    from pypinyin import Style, lazy_pinyin

    sentence = re.sub("[A-Za-z]", lambda m: _LETTERS[m[0].upper()], sentence)
    out: list[str] = []
    for clause in re.findall("[一-鿿]+|[，、：；。！？]", sentence):
        if clause in _MARKS:
            if out:
                out[-1] += _MARKS[clause]
            continue
        # Tones bend across words, so a clause is read whole and cut into its words afterwards.
        syllables = lazy_pinyin(
            clause, style=Style.TONE3, neutral_tone_with_five=True, tone_sandhi=True, errors="ignore"
        )
        ends = [0]
        for token in tokens(clause):
            # Digits that are spelled stand alone, so that they can be written down.
            lengths = [1] * len(token) if all(c in SPELLED for c in token) else [len(token)]
            for length in lengths:
                ends.append(ends[-1] + length)
        whole = len(syllables) == len(clause)  # a character without a reading would shift all after it
        out += ["".join(syllables[a:b]) for a, b in pairwise(ends)] if whole else syllables
    return " ".join(out)


@lru_cache(maxsize=1)
def _command() -> list[str]:
    return [sys.executable, "-I", str(_PROGRAM), str(RATE)]


def _voice(lines: Sequence[str]) -> tuple[int, list[bytes]]:
    """The sound of each line, and the sample rate."""
    try:
        done = subprocess.run(_command(), input="\n".join(lines).encode(), capture_output=True, timeout=TIMEOUT)
    except (OSError, subprocess.SubprocessError) as error:
        raise CannotSpeakError(f"the voice did not answer: {type(error).__name__}") from error
    if done.returncode != 0:
        last = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise CannotSpeakError(f"the voice failed ({done.returncode}): {last[:120]}")
    stream = io.BytesIO(done.stdout)
    hertz = int.from_bytes(stream.read(4), "little")
    sounds = [stream.read(int.from_bytes(stream.read(4), "little")) for _ in lines]
    if not hertz or not all(sounds):
        raise CannotSpeakError("the voice said nothing")
    return hertz, sounds


def _packed(
    body: Sequence[bytes], closing: Sequence[bytes], longest: int, pieces: int, hertz: int
) -> list[Sequence[bytes]]:
    """Sentences in at most ``pieces`` recordings of ``longest`` samples; ``closing`` ends what had to be cut short."""
    gap = int(GAP * hertz)

    def length(sounds: Sequence[bytes]) -> int:
        return sum(len(s) // 2 + gap for s in sounds)

    out: list[list[bytes]] = [[]]
    for sound in body:
        if not out[-1] or length([*out[-1], sound]) <= longest:
            out[-1].append(sound)
        elif len(out) < pieces:
            out.append([sound])
        else:
            while len(out[-1]) > 1 and length([*out[-1], *closing]) > longest:
                out[-1].pop()
            out[-1] += closing
            break
    return list(out)


def _recording(sounds: Sequence[bytes], hertz: int) -> Recording:
    """Sentences with their pauses, evened in loudness, as MP3."""
    import numpy as np
    import soundfile

    silence = np.zeros(int(GAP * hertz), dtype=np.float32)
    parts: list[Any] = []
    for sound in sounds:
        parts += [np.frombuffer(sound, dtype="<i2").astype(np.float32) / 32768, silence]
    samples: np.ndarray[Any, Any] = np.concatenate(parts)
    loudest = float(np.abs(samples).max())
    if loudest == 0.0:
        raise CannotSpeakError("the voice is silent")
    out = io.BytesIO()
    try:
        soundfile.write(out, samples * (PEAK / loudest), hertz, format="MP3", subtype="MPEG_LAYER_III")
    except (soundfile.LibsndfileError, ValueError) as error:
        raise CannotSpeakError(f"no MP3 could be made: {type(error).__name__}") from error
    return Recording(out.getvalue(), len(samples) / hertz)
