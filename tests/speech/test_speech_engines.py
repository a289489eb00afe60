from __future__ import annotations

import io
import os
import socket
import stat
import struct
import sys
import textwrap
import wave
from pathlib import Path
from types import ModuleType

import fake_engines  # noqa: F401 - registers the fakes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from multimodal.errors import MissingError, UsageError
from multimodal.registry import Registry
from multimodal.results import AFFECTS
from multimodal.speech import doctor, engines
from multimodal.speech.config import SpeechConfig
from multimodal.speech.engine import PREFERENCE, SpeechEngine, choose, register_speech_engine, speech_engines
from multimodal.speech.manner import MANNERS, PLAIN, Manner, amplified, manner_of
from multimodal.speech.sound import Sound, from_pcm, from_wav, resample, silence, to_pcm
from multimodal.speech.timeline import WavTimeline

pytestmark = pytest.mark.timeout(60)
CONFIG = SpeechConfig()
REAL = [name for name in speech_engines if not name.startswith("test-")]


def tone(hertz: float, seconds: float, sample_rate: int) -> Sound:
    times = np.arange(round(seconds * sample_rate)) / sample_rate
    return Sound((0.5 * np.sin(2 * np.pi * hertz * times)).astype(np.float32), sample_rate)


# Engines: whatever is registered is tested


def test_all_engine_files_are_registered() -> None:
    assert len(engines.__all__) == len(REAL) == 6
    assert {*PREFERENCE, "coqui", "wav", "null"} == set(REAL)


@pytest.mark.parametrize("name", REAL)
def test_every_engine_works_or_says_what_to_do(name: str) -> None:
    engine = speech_engines.get(name)
    state = engine.available(CONFIG)
    if not state.ok:
        assert "install" in state.detail or "speech.voice" in state.detail
        return
    voice = engine(CONFIG)
    short, long = voice.synthesize("Yes."), voice.synthesize("Yes, gladly, whenever you like to have it.")
    assert np.isfinite(long.samples).all()
    assert np.abs(long.samples).max() <= 1.0
    assert 0.1 < short.seconds < long.seconds < 10
    assert voice.synthesize("Yes, gladly, whenever you like to have it.", Manner(rate=2.0)).seconds < long.seconds
    assert len(voice.synthesize("").samples) == 0
    assert voice.synthesize("Größe 你好 🙂 <b>&\\").seconds >= 0


def test_the_default_voice_opens_no_socket_and_is_repeatable(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a socket was opened")

    for name in ("socket", "create_connection", "getaddrinfo"):
        monkeypatch.setattr(socket, name, refuse)
    voice = choose(CONFIG)(CONFIG)
    first, second = voice.synthesize("Yes, gladly!"), voice.synthesize("Yes, gladly!")
    assert voice.name == "hibari"
    assert (first.samples == second.samples).all()
    assert np.abs(first.samples).max() > 0.05


def test_affects_shape_the_manner_within_what_is_easy_to_understand() -> None:
    assert set(MANNERS) == set(AFFECTS)
    assert manner_of("none", 1.0, True) == manner_of("surprise", 1.0, False) == manner_of("unheard", 1.0, True) == PLAIN
    assert manner_of("surprise", 1.2, True).rate == pytest.approx(1.2 * MANNERS["surprise"].rate)
    assert MANNERS["negative"].rate < 1 < MANNERS["positive"].rate <= MANNERS["surprise"].rate
    assert all(0.9 <= manner.rate <= 1.1 and abs(manner.gain_db) <= 3 for manner in MANNERS.values())


@given(st.floats(-6, 6), st.floats(0, 1))
def test_louder_sound_is_never_clipped(gain_db: float, height: float) -> None:
    sound = Sound((tone(440, 0.01, 8000).samples * 2 * height).astype(np.float32), 8000)
    louder = amplified(sound, gain_db)
    peak, was = np.abs(louder.samples).max(), np.abs(sound.samples).max()
    assert peak <= 1.0
    assert peak == pytest.approx(min(was * 10 ** (gain_db / 20), max(was, 1.0)), rel=1e-4, abs=1e-6)
    if was:
        assert np.allclose(louder.samples / peak, sound.samples / was, atol=1e-5)


def test_the_default_voice_is_quicker_when_surprised() -> None:
    voice = choose(CONFIG)(CONFIG)
    seconds = {affect: voice.synthesize("Yes, right away!", MANNERS[affect]).seconds for affect in MANNERS}
    assert seconds["surprise"] < seconds["none"] < seconds["negative"]


def test_voices_say_which_languages_they_speak(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    german = SpeechConfig(language="de")
    assert not speech_engines.get("hibari").available(german).ok
    assert speech_engines.get("hibari").available(SpeechConfig(language="en-gb")).ok
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingError, match=r"no voice for 'de'.*English only.*espeak-ng"):
        choose(german)


def test_a_name_is_registered_once() -> None:
    with pytest.raises(ValueError, match="twice"):
        register_speech_engine("null")(speech_engines.get("null"))


def test_unknown_and_absent_engines_name_the_remedy() -> None:
    with pytest.raises(UsageError, match="hibari"):
        choose(SpeechConfig(engine="nobody"))
    with pytest.raises(MissingError, match="install the absent voice"):
        choose(SpeechConfig(engine="test-absent"))


def test_auto_takes_the_next_best(monkeypatch: pytest.MonkeyPatch) -> None:
    absent = speech_engines.get("test-absent").available
    monkeypatch.setattr(speech_engines.get("hibari"), "available", absent)
    monkeypatch.setattr(speech_engines.get("espeak-ng"), "available", speech_engines.get("test-moody").available)
    assert choose(CONFIG).name == "espeak-ng"
    monkeypatch.setattr(speech_engines.get("espeak-ng"), "available", absent)
    with pytest.raises(MissingError, match="hibari"):
        choose(CONFIG)


def test_espeak_is_given_the_text_by_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "espeak-ng"
    program.write_text(
        f"#!{sys.executable}\n"
        + textwrap.dedent("""
        import struct, sys
        text, arguments = sys.stdin.buffer.read(), sys.argv[1:]
        assert text.decode() == "--version Größe", text
        assert arguments[arguments.index("-v") + 1] == "de" and arguments[arguments.index("-s") + 1] == "350"
        assert arguments[arguments.index("-p") + 1] == "60"
        layout = struct.pack("<HHIIHH", 1, 1, 22050, 44100, 2, 16)
        head = b"RIFF" + struct.pack("<I", 0x7FFFF024) + b"WAVEfmt " + struct.pack("<I", 16) + layout
        sys.stdout.buffer.write(head + b"data" + struct.pack("<I", 0x7FFFF000) + struct.pack("<h", 16384) * 2205)
        """)
    )
    program.chmod(program.stat().st_mode | stat.S_IEXEC)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    config = SpeechConfig(language="de")
    engine = speech_engines.get("espeak-ng")
    assert engine.available(config).ok
    sound = engine(config).synthesize("--version Größe", Manner(rate=2.0, pitch=2.0))
    assert (sound.sample_rate, len(sound.samples)) == (22050, 2205)
    assert sound.samples[0] == pytest.approx(0.5, abs=1e-3)


PIPER = """
import numpy as np
from types import SimpleNamespace
class SynthesisConfig:
    def __init__(self, length_scale): self.length_scale = length_scale
class PiperVoice:
    config = SimpleNamespace(sample_rate=16000)
    @staticmethod
    def load(path):
        assert path.endswith("voice.onnx")
        return PiperVoice()
    def synthesize(self, text, syn_config):
        for part in text.split(". "):
            yield SimpleNamespace(audio_float_array=np.full(int(1600 * syn_config.length_scale), 0.5, np.float32))
"""

COQUI = """
from types import SimpleNamespace
class TTS:
    def __init__(self, *, model_path, config_path, progress_bar):
        assert model_path.endswith("model.pth") and config_path.endswith("config.json") and not progress_bar
        self.synthesizer = SimpleNamespace(output_sample_rate=22050)
    def tts(self, text):
        return [0.25, -3.0] * 100
"""

COQUI_CONFIG = """
from types import SimpleNamespace
def load_config(path):
    return SimpleNamespace(to_dict=lambda: {"model_args": {"speakers_file": None}, "logger_uri": "s3://logs"})
"""


def package(folder: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, str]) -> None:
    for name, content in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(content)
        module = name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        monkeypatch.setitem(
            sys.modules, module, ModuleType(module)
        )  # so that what is imported now goes away afterwards
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.syspath_prepend(folder)


def test_piper_needs_both_files_and_joins_its_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package(tmp_path, monkeypatch, {"piper/__init__.py": PIPER})
    engine, config = speech_engines.get("piper"), SpeechConfig(voice=tmp_path / "voice.onnx")
    assert "speech.voice" in engine.available(CONFIG).detail
    (tmp_path / "voice.onnx").touch()
    assert "voice.onnx.json is missing" in engine.available(config).detail
    (tmp_path / "voice.onnx.json").touch()
    assert engine.available(config).ok
    (tmp_path / "voice.onnx.json").write_text('{"language": {"code": "de_DE"}}')
    assert "speaks 'de'" in engine.available(config).detail
    config = config.model_copy(update={"language": "de"})
    assert engine.available(config).ok
    sound = engine(config).synthesize("One. Two", Manner(rate=2.0))
    assert (sound.sample_rate, len(sound.samples)) == (16000, 1600)


def test_coqui_is_given_paths_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package(tmp_path, monkeypatch, {"TTS/__init__.py": "", "TTS/api.py": COQUI, "TTS/config.py": COQUI_CONFIG})
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    monkeypatch.setenv("TRANSFORMERS_OFFLINE", "0")
    engine, config = speech_engines.get("coqui"), SpeechConfig(voice=tmp_path / "model.pth")
    assert "speech.voice" in engine.available(CONFIG).detail
    (tmp_path / "model.pth").touch()
    assert "config.json is missing" in engine.available(config).detail
    (tmp_path / "config.json").touch()
    sound = engine(config).synthesize("Hello")
    assert os.environ["HF_HUB_OFFLINE"] == "1"
    assert (sound.sample_rate, len(sound.samples), sound.samples.min()) == (22050, 200, -1.0)


def test_doctor_has_a_row_for_everything_and_never_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    some = Registry[type[SpeechEngine]]("speech engine")
    for name in ("hibari", "test-broken", "test-dead", "test-absent"):
        some.register(name)(speech_engines.get(name))
    monkeypatch.setattr(doctor, "speech_engines", some)
    rows = {row.part: row for row in doctor.check()}
    assert {f"voice {name}" for name in some} | {"sound card"} == set(rows)
    assert rows["voice hibari"].ok
    assert not rows["voice hibari"].optional
    assert "the voice is damaged" in rows["voice test-broken"].detail
    assert "ended" in rows["voice test-dead"].detail
    assert "absent" in rows["voice test-absent"].detail
    assert all("\n" not in row.detail for row in rows.values())


# Sound


@given(st.lists(st.floats(-1.0, 1.0, width=32), max_size=50))
def test_pcm_keeps_sound_within_a_step(values: list[float]) -> None:
    samples = np.array(values, np.float32)
    back = from_pcm(to_pcm(Sound(samples, 8000)), 8000).samples
    assert np.abs(back - samples).max(initial=0.0) <= 1 / 32767


def test_pcm_survives_what_is_no_number() -> None:
    wild = Sound(np.array([np.nan, np.inf, -np.inf, 5.0], np.float32), 8000)
    assert from_pcm(to_pcm(wild), 8000).samples.tolist() == [0.0, 1.0, -1.0, 1.0]


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 44100, 48000])
def test_resampling_keeps_length_and_pitch(rate: int) -> None:
    sound = resample(tone(440.0, 0.5, rate), 24000)
    assert sound.seconds == pytest.approx(0.5, abs=1e-3)
    spectrum = np.abs(np.fft.rfft(sound.samples))
    assert spectrum.argmax() / sound.seconds == pytest.approx(440.0, abs=3.0)


def test_stereo_is_mixed_and_nonsense_refused() -> None:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(struct.pack("<hh", 16384, 0) * 10)
    assert from_wav(buffer.getvalue()).samples == pytest.approx(np.full(10, 0.25), abs=1e-3)
    for content in (b"", b"RIFF", b"hello world" * 10):
        with pytest.raises(ValueError, match="WAV"):
            from_wav(content)


# The time line


def read(path: Path) -> np.ndarray:
    return from_wav(path.read_bytes()).samples


def test_an_empty_time_line_is_a_short_silence(tmp_path: Path) -> None:
    with WavTimeline(tmp_path / "deep" / "speech.wav") as line:
        assert len(read(line.path)) == 2400
    assert read(line.path).max() == 0


def test_sentences_lie_at_their_times_and_never_overlap(tmp_path: Path) -> None:
    with WavTimeline(tmp_path / "speech.wav") as line:
        assert line.place(tone(440, 0.5, 24000), 1000.0) == 1.0
        assert len(read(line.path)) == 36000  # valid while it is being written
        assert line.place(tone(440, 0.5, 22050), 1200.0) == pytest.approx(1.65)
        assert line.place(tone(440, 0.5, 24000), 5000.0) == 5.0
    samples = read(line.path)
    assert len(samples) == 24000 * 5.5
    loud = np.abs(samples) > 0.05
    for begin, end, sounding in (
        (0, 1, False),
        (1, 1.5, True),
        (1.5, 1.65, False),
        (1.65, 2.15, True),
        (2.2, 5, False),
    ):
        part = loud[round(begin * 24000) : round(end * 24000)]
        assert part.mean() > 0.5 if sounding else not part.any()
    with wave.open(str(line.path)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 24000)


def test_a_day_is_the_end(tmp_path: Path) -> None:
    with WavTimeline(tmp_path / "speech.wav") as line:
        line.place(silence(0.1, 24000), 1e9)
        assert len(read(line.path)) == 2400
