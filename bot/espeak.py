"""A small program round eSpeak NG, run by :mod:`bot.speech`: pinyin in, one sentence a line; sound out.

It is a process of its own: the library keeps its state in globals and takes one caller at a time, and nothing that
goes wrong in it reaches the worker. Answers each line with its length in bytes (4 bytes, little endian) and as much
16-bit mono sound; before the first comes the sample rate, 4 bytes as well.

    python bot/espeak.py 130 < sentences > sound
"""

from __future__ import annotations

import ctypes
import sys
from typing import BinaryIO

_SYNCHRONOUS = 2  # AUDIO_OUTPUT_SYNCHRONOUS: sound comes by callback, nothing is played
_RATE, _PITCH, _RANGE, _WORD_GAP = 1, 3, 4, 7  # espeak_PARAMETER
_UTF8 = 1  # espeakCHARS_UTF8
_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)
PITCH, RANGE = 55, 100  # of 100; the full range sets the four tones seven semitones apart, the usual 50 not five
GAP = 1  # pause between words, tens of milliseconds


def main(rate: int, source: BinaryIO, sink: BinaryIO) -> None:
    """Speak the lines of ``source`` into ``sink`` at ``rate`` (eSpeak's words a minute).

    Raises:
        RuntimeError: the library does not start, or has no Mandarin.
    """
    from espeakng_loader import get_data_path, get_library_path

    library = ctypes.CDLL(str(get_library_path()))
    hertz = library.espeak_Initialize(_SYNCHRONOUS, 0, str(get_data_path()).encode(), 0)
    if hertz <= 0:
        raise RuntimeError(f"eSpeak NG does not start with the data in {get_data_path()}")
    if library.espeak_SetVoiceByName(b"cmn-latn-pinyin") != 0:
        raise RuntimeError(f"eSpeak NG has no Mandarin voice in {get_data_path()}")
    for parameter, value in ((_RATE, rate), (_PITCH, PITCH), (_RANGE, RANGE), (_WORD_GAP, GAP)):
        library.espeak_SetParameter(parameter, value, 0)
    sound = bytearray()

    def more(samples: ctypes._Pointer[ctypes.c_short], number: int, _events: int | None) -> int:
        if samples and number > 0:
            sound.extend(ctypes.string_at(samples, number * 2))
        return 0

    callback = _CALLBACK(more)  # kept in a name: the library holds only its address
    library.espeak_SetSynthCallback(callback)
    sink.write(hertz.to_bytes(4, "little"))
    for line in source:
        sound.clear()
        text = line.strip()
        library.espeak_Synth(text, ctypes.c_size_t(len(text) + 1), 0, 0, 0, _UTF8, None, None)
        library.espeak_Synchronize()
        sink.write(len(sound).to_bytes(4, "little") + sound)
    sink.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.stdin.buffer, sys.stdout.buffer)
