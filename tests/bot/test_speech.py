"""The voice: real sound of a sensible length, cut where a channel needs it, and silence about nothing but words."""

from __future__ import annotations

import io
import threading

import numpy as np
import pytest
import soundfile

from bot import aloud, speech
from bot.utterance import sentences
from common.settings import settings

ADVICE = "您好。工地欠您两个月工资，这事能办。先写清楚哪天开始干的，一天多少钱。拿不准的时候，打12348问一声。"


def _sound(recording: speech.Recording) -> tuple[np.ndarray, int]:
    samples, hertz = soundfile.read(io.BytesIO(recording.mp3), dtype="float32")
    return samples, hertz


def test_a_text_is_spoken_slowly_audibly_and_without_clipping() -> None:
    (recording,) = speech.speak(ADVICE)
    samples, hertz = _sound(recording)
    assert samples.ndim == 1 and abs(len(samples) / hertz - recording.seconds) < 0.2
    characters = sum("一" <= c <= "鿿" for sentence in sentences(ADVICE) for c in sentence)
    assert 2.0 < characters / recording.seconds < 4.0, "characters a second, pauses included"
    assert 0.5 < float(np.abs(samples).max()) < 0.99
    steps = samples[: len(samples) // hertz * hertz].reshape(-1, hertz)
    assert all(float(np.sqrt((step**2).mean())) > 0.01 for step in steps), "no second of it is silent"


def test_the_four_tones_can_be_told_apart() -> None:
    """Mandarin lives by its tones: high and level, rising, low, falling."""
    hertz, sounds = speech._voice(["ma1.", "ma2.", "ma3.", "ma4."])
    level, rising, low, falling = (_pitch(np.frombuffer(s, dtype="<i2") / 32768.0, hertz) for s in sounds)
    assert min(level[-4:]) > max(level) * 0.95, "the first stays up"
    assert rising[-1] > rising[0] * 1.25, "the second rises"
    assert np.median(low) < np.median(level) * 0.85, "the third is low"
    assert falling[-1] < max(falling) * 0.8, "the fourth falls"


def _pitch(samples: np.ndarray, hertz: int) -> list[float]:
    """Fundamental frequency along a syllable, in hertz, by autocorrelation; frames without a clear one are left out."""
    out: list[float] = []
    size = int(0.04 * hertz)
    for start in range(0, len(samples) - size, size // 2):
        frame = samples[start : start + size]
        wave = np.correlate(frame, frame, "full")[size - 1 :] * size / np.arange(size, 0, -1)
        shortest, longest = hertz // 160, hertz // 60
        lag = shortest + int(wave[shortest:longest].argmax())
        if float(np.abs(frame).max()) > 0.05 and wave[lag] > 0.5 * wave[0]:
            out.append(hertz / lag)
    return out


@pytest.mark.parametrize(
    ("said", "pinyin"),
    [
        ("还钱。", "huan2 qian2."),
        ("还是。", "hai2shi4."),
        ("银行。", "yin2hang2."),
        ("调解。", "tiao2jie3."),
        ("给付。", "ji3fu4."),
        ("不要怕。", "bu2yao4 pa4."),
        ("女儿，绿色。", "nv3er2, lv4se4."),
        ("幺二三四八。", "yao1 er4 san1 si4 ba1."),
    ],
)
def test_characters_are_read_by_their_word(said: str, pinyin: str) -> None:
    assert speech._pinyin(said) == pinyin


def test_letters_are_named() -> None:
    assert speech._pinyin("APP。") != speech._pinyin("。")


def test_a_long_text_is_cut_between_sentences_and_says_that_there_is_more(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "先把合同找出来，再写清楚哪天开始干的。" * 40
    pieces = speech.speak(text, longest=58, pieces=2)
    assert len(pieces) == 2
    for piece in pieces:
        assert 40 < piece.seconds <= 58 and len(piece.mp3) < 2 * 1024 * 1024
    whole = speech.speak(text)
    assert len(whole) == 1 and whole[0].seconds > sum(piece.seconds for piece in pieces)
    hertz, sounds = 10, [bytes(200)] * 4  # ten seconds each
    closing = [bytes(20)]
    packed = speech._packed(sounds, closing, int(25 * hertz), 1, hertz)
    assert packed == [[sounds[0], sounds[1], *closing]]
    assert speech._packed(sounds, closing, int(25 * hertz), 2, hertz) == [sounds[:2], sounds[2:]]


def test_a_short_text_is_one_recording_without_the_notice() -> None:
    assert len(speech.speak("好。", longest=58, pieces=2)) == 1
    assert speech.speak("好。")[0].seconds < 2


def test_what_has_no_words_is_not_read() -> None:
    assert speech.speak("https://a.cn/b") == [] and speech.speak("") == []


def test_many_may_ask_at_once() -> None:
    got: list[float] = []
    asking = [threading.Thread(target=lambda: got.append(speech.speak("您好。")[0].seconds)) for _ in range(4)]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()
    assert len(got) == 4 and len(set(got)) == 1


def test_switched_off_or_without_its_package_nothing_is_spoken(
    use_settings: pytest.MonkeyPatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as missing:
        missing.setattr(speech, "_PACKAGES", ("a_package_that_is_not_there",))
        assert not speech.can_speak()
        with pytest.raises(speech.CannotSpeakError, match="package"):
            speech.speak("您好。")
    assert speech.can_speak()
    use_settings.setenv("XIAOGE_SPEECH", "false")
    settings.cache_clear()
    assert not speech.can_speak()


def test_a_voice_that_breaks_is_named_and_harms_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    for command in (["/nowhere/espeak"], ["false"], ["true"], ["sleep", "5"]):
        monkeypatch.setattr(speech, "_command", lambda command=command: command)
        monkeypatch.setattr(speech, "TIMEOUT", 0.3)
        with pytest.raises(speech.CannotSpeakError):
            speech.speak("您好。")


def test_the_voice_leaves_its_words_so_that_each_goes_its_own_way(use_settings: pytest.MonkeyPatch) -> None:
    payloads = [{"text": "一"}, {"text": "好，念给您听。", "aloud": "打12348。"}]
    assert aloud.apart("telegram", payloads) == [{"text": "一"}, {"text": "好，念给您听。"}, {"aloud": "打12348。"}]
    assert aloud.apart("web", payloads) == payloads


def test_where_no_voice_can_go_words_say_where_to_hear_it(use_settings: pytest.MonkeyPatch) -> None:
    payload = {"text": "好，念给您听。", "aloud": "打12348。"}
    (told,) = aloud.apart("wechat", [payload])  # no app secret: nothing can be pushed
    assert "aloud" not in told and "关怀模式" in told["text"] and settings().hotline in told["text"]
    use_settings.setenv("XIAOGE_SPEECH", "false")
    settings.cache_clear()
    (told,) = aloud.apart("telegram", [payload])
    assert "aloud" not in told and "念不了" in told["text"] and "念给您听" not in told["text"]
