from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import fake_engines  # noqa: F401 - registers the fakes
import pytest

from multimodal.results import Decision, Utterance
from multimodal.speech.config import SpeechConfig
from multimodal.speech.process import Speaker, SpeechEvent
from multimodal.speech.sound import Sound, from_wav, to_wav

pytestmark = pytest.mark.timeout(60)


def decision(sentence: str | None, t_ms: float = 0.0) -> Decision:
    return Decision(t_ms, "like", "positive", 0.9, True, sentence, {"gesture": 0.5, "expression": 0.5})


def moody(**options: object) -> SpeechConfig:
    return SpeechConfig(engine="test-moody", **{"patience_s": 1.0, **options})


def collect(speaker: Speaker, count: int) -> list[Utterance]:
    """Poll until there are ``count`` utterances; the test's timeout is the limit."""
    said: list[Utterance] = []
    while len(said) < count:
        said += speaker.poll()
        time.sleep(0.01)
    return said


def kinds(events: list[SpeechEvent]) -> list[str]:
    return [event.kind for event in events]


def gone(pid: int) -> bool:
    """Wait until a process has ended (a zombie has); the test's timeout is the limit."""
    while True:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.02)


def test_decisions_become_utterances_and_sound(tmp_path: Path) -> None:
    with Speaker(SpeechConfig(), play=False, wav=tmp_path / "speech.wav") as speaker:
        assert len(from_wav((tmp_path / "speech.wav").read_bytes()).samples) == 2400
        speaker.say(decision("Yes, gladly!", 500.0))
        speaker.say(decision(None))
        speaker.say(decision("No, thank you.", 4000.0))
        pid = speaker.pid
    first, second = speaker.poll()
    assert (first.text, first.t_ms, first.gesture, first.affect, first.engine) == (
        *("Yes, gladly!", 500.0, "like", "positive"),
        "hibari",
    )
    assert second.text == "No, thank you."
    assert first.latency_ms is not None
    assert first.latency_ms > 0
    sound = from_wav((tmp_path / "speech.wav").read_bytes())
    assert sound.seconds == pytest.approx(4.0 + second.seconds, abs=0.01)
    assert abs(sound.samples[: int(0.5 * 24000)]).max() == 0
    assert abs(sound.samples[int(0.5 * 24000) : int((0.5 + first.seconds) * 24000)]).max() > 0.05
    assert pid is not None
    assert gone(pid)
    assert speaker.events() == []


def test_whoever_plays_elsewhere_is_given_each_sound() -> None:
    heard: list[tuple[Decision, Sound]] = []
    with Speaker(SpeechConfig(), play=False, wav=None, hear=lambda *given: heard.append(given)) as speaker:
        speaker.say(decision("Yes, gladly!", 500.0))
    ((said, sound),) = heard
    assert said == decision("Yes, gladly!", 500.0)
    assert sound.seconds == pytest.approx(speaker.poll()[0].seconds)
    again = from_wav(to_wav(sound))
    assert (again.sample_rate, len(again.samples)) == (sound.sample_rate, len(sound.samples))
    assert abs(again.samples - sound.samples).max() < 1e-4


def test_the_process_is_light() -> None:
    with Speaker(moody(patience_s=10.0), play=False, wav=None) as speaker:
        speaker.say(decision("are you heavy?"))
        assert collect(speaker, 1)[0].latency_ms is not None
        assert speaker.events() == []


def test_stale_sentences_are_replaced_not_piled_up() -> None:
    with Speaker(moody(patience_s=10.0), play=False, wav=None) as speaker:
        for number in range(50):
            speaker.say(decision(f"slow {number}", number))
    said = [utterance.text for utterance in speaker.poll()]
    assert len(said) <= 10
    assert said[-1] == "slow 49"
    events = speaker.events()
    assert set(kinds(events)) == {"replaced"}
    assert len(events) + len(said) == 50


@pytest.mark.parametrize("trouble", ["hang", "die"])
def test_an_engine_that_hangs_or_dies_is_replaced_and_told_once(tmp_path: Path, trouble: str) -> None:
    with Speaker(moody(), play=False, wav=tmp_path / "speech.wav") as speaker:
        first = speaker.pid
        assert first is not None
        for _ in range(2):
            speaker.say(decision(trouble))
            assert collect(speaker, 1)[0].latency_ms is None
            speaker.say(decision("well"))
            assert collect(speaker, 1)[0].latency_ms is not None
        assert gone(first)
        assert speaker.pid != first
        assert kinds(speaker.events()) == ["engine"]
    assert from_wav((tmp_path / "speech.wav").read_bytes()).seconds >= 0.25


def test_a_process_that_is_killed_while_idle_is_replaced() -> None:
    with Speaker(moody(), play=False, wav=None) as speaker:
        assert speaker.wait_ready(30)
        assert speaker.pid is not None
        os.kill(speaker.pid, signal.SIGKILL)
        speaker.say(decision("well"))
        collect(speaker, 1)
        speaker.say(decision("well again"))
        assert collect(speaker, 1)[0].latency_ms is not None


def test_an_engine_that_raises_goes_on() -> None:
    with Speaker(moody(), play=False, wav=None) as speaker:
        pid = speaker.pid
        speaker.say(decision("raise"))
        speaker.say(decision("well"))
        latencies = [utterance.latency_ms for utterance in collect(speaker, 2)]
        assert latencies[0] is None
        assert latencies[1] is not None
        assert speaker.pid == pid
        (event,) = speaker.events()
        assert "two lines" in event.message


@pytest.mark.parametrize("engine", ["test-broken", "test-dead"])
def test_an_engine_that_cannot_load_leaves_captions_only(tmp_path: Path, engine: str) -> None:
    with Speaker(SpeechConfig(engine=engine), play=False, wav=tmp_path / "speech.wav") as speaker:
        speaker.say(decision("Hello"))
        (utterance,) = collect(speaker, 1)
        assert (utterance.seconds, utterance.latency_ms) == (0.0, None)
        assert kinds(speaker.events())[-1] == "gave_up"
        speaker.say(decision("Still here"))
        assert collect(speaker, 1)[0].text == "Still here"
        assert speaker.pid is None
    assert from_wav((tmp_path / "speech.wav").read_bytes()).seconds == pytest.approx(0.1)


def test_closing_a_hanging_engine_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_PROGRAM_PID", str(tmp_path / "pid"))
    speaker = Speaker(SpeechConfig(engine="test-program", patience_s=50.0), play=False, wav=None)
    speaker.say(decision("hang"))
    while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
        time.sleep(0.01)
    pid = speaker.pid
    assert pid is not None
    speaker.close(0.1)
    speaker.close()
    assert gone(pid)
    assert gone(int((tmp_path / "pid").read_text()))
    assert [utterance.latency_ms for utterance in speaker.poll()] == [None]


def test_a_callback_that_raises_ends_quickly_and_cleanly() -> None:
    speaker = Speaker(moody(patience_s=50.0), play=False, wav=None)
    assert speaker.wait_ready(30)
    speaker.say(decision("hang"))
    with pytest.raises(ZeroDivisionError), speaker:
        raise ZeroDivisionError
    assert speaker.pid is None


# Playing, with a sound card of our own

SOUND_CARD = """
import os, time
_began = _length = 0.0
def query_devices(kind=None):
    if os.environ.get("FAKE_NO_DEVICE"): raise ValueError("no device")
def _log(line):
    with open(os.environ["FAKE_SOUND_LOG"], "a") as file: file.write(line + "\\n")
def play(samples, rate):
    global _began, _length
    _began, _length = time.monotonic(), float(os.environ.get("FAKE_LENGTH", len(samples) / rate))
    _log(f"play {len(samples) / rate:.2f}")
class _Stream:
    @property
    def active(self): return time.monotonic() - _began < _length
def get_stream(): return _Stream()
def stop(): _log(f"stop {'early' if get_stream().active else 'at the end'}")
"""


@pytest.fixture
def sound_card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    """Put a fake sound card in place and return a function that reads what it has played."""
    (tmp_path / "fake").mkdir()
    (tmp_path / "fake" / "sounddevice.py").write_text(SOUND_CARD)
    monkeypatch.syspath_prepend(tmp_path / "fake")
    log = tmp_path / "sound.log"
    log.touch()
    monkeypatch.setenv("FAKE_SOUND_LOG", str(log))
    return lambda: log.read_text().splitlines()


def test_sentences_are_played(sound_card: Callable[[], list[str]]) -> None:
    with Speaker(moody(), play=True, wav=None) as speaker:
        speaker.say(decision("Hello"))
        collect(speaker, 1)
    assert sound_card() == ["play 0.25", "stop at the end"]


def test_while_one_is_played_only_the_newest_waits(
    sound_card: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_LENGTH", "1.0")
    with Speaker(moody(), play=True, wav=None) as speaker:
        speaker.say(decision("first"))
        collect(speaker, 1)
        for text in ("second", "third", "fourth"):
            speaker.say(decision(text))
    assert [utterance.text for utterance in speaker.poll()] == ["fourth"]
    assert len(sound_card()) == 4


def test_stop_is_at_once(sound_card: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_LENGTH", "600")
    with Speaker(moody(patience_s=50.0), play=True, wav=None) as speaker:
        speaker.say(decision("a very long speech"))
        collect(speaker, 1)
        speaker.say(decision("never said"))
        speaker.stop()
        while "stop early" not in sound_card():
            time.sleep(0.01)
        assert speaker.poll() == []


def test_engines_that_do_not_play_and_no_card_are_silent(
    sound_card: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    with Speaker(SpeechConfig(engine="null"), play=True, wav=None) as speaker:
        speaker.say(decision("Hello"))
    assert speaker.poll()[0].seconds > 0
    monkeypatch.setenv("FAKE_NO_DEVICE", "1")
    with Speaker(moody(), play=True, wav=None) as speaker:
        speaker.say(decision("Hello"))
    assert kinds(speaker.events()) == ["mute"]
    assert speaker.poll()[0].latency_ms is not None
    assert sound_card() == []


# Main programs of every kind, and their end

PROGRAM = """
import sys, time
from pathlib import Path
from multimodal.results import Decision
from multimodal.speech.config import SpeechConfig
from multimodal.speech.process import Speaker
with Speaker(SpeechConfig(engine="null"), play=False, wav=Path("speech.wav")) as speaker:
    speaker.say(Decision(0.0, "like", "none", 0.9, True, "Hello there", {}))
    said = []
    while not said:
        said = speaker.poll()
        time.sleep(0.01)
    print(speaker.pid, said[0].latency_ms is not None, flush=True)
    if "wait" in sys.argv:
        time.sleep(600)
"""
ROOT = str(Path(__file__).resolve().parents[2])


def start(folder: Path, *arguments: str, stdin: str | None = None) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": ROOT}
    process = subprocess.Popen(
        [sys.executable, *arguments],
        cwd=folder,
        env=environment,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdin is not None
    process.stdin.write(stdin or "")
    process.stdin.close()
    return process


def first_line(process: subprocess.Popen[str]) -> list[str]:
    assert process.stdout is not None
    return process.stdout.readline().split()


def finish(process: subprocess.Popen[str]) -> str:
    process.wait(30)
    assert process.stdout is not None
    assert process.stderr is not None
    with process.stdout, process.stderr:
        return process.stderr.read()


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc")
def test_the_default_voice_holds_no_socket_in_its_process() -> None:
    with Speaker(SpeechConfig(), play=True, wav=None) as speaker:
        speaker.say(decision("Yes, gladly!"))
        collect(speaker, 1)
        held = [str(item.readlink()) for item in Path(f"/proc/{speaker.pid}/fd").iterdir()]
    assert held
    assert not [item for item in held if "socket" in item]


@pytest.mark.parametrize("how", ["command", "script", "standard input"])
def test_any_main_program_may_speak(tmp_path: Path, how: str) -> None:
    folder = tmp_path / "with blanks and ä"
    folder.mkdir()
    (folder / "script.py").write_text(PROGRAM)
    (folder / "json.py").write_text("raise RuntimeError('the working directory is not to be imported from')")
    script = folder / "script.py"
    script.write_text("import sys; sys.path.pop(0)\n" + PROGRAM)  # no guard, and beside a module that must not be met
    arguments = {"command": ["-P", "-c", PROGRAM], "script": [str(script)], "standard input": ["-P", "-"]}[how]
    if sys.version_info < (3, 11):
        arguments = [item for item in arguments if item != "-P"]
        (folder / "json.py").unlink()
    process = start(folder, *arguments, stdin=PROGRAM if how == "standard input" else None)
    pid, sounded = first_line(process)
    error = finish(process)
    assert (process.returncode, sounded, error) == (0, "True", "")
    assert gone(int(pid))


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_whatever_ends_the_program_ends_the_engine_and_leaves_the_sound(tmp_path: Path, how: signal.Signals) -> None:
    process = start(tmp_path, "-c", PROGRAM, "wait")
    pid, _ = first_line(process)
    os.killpg(process.pid, how)
    finish(process)
    assert process.returncode != 0
    assert gone(int(pid))
    assert from_wav((tmp_path / "speech.wav").read_bytes()).seconds > 0.5
