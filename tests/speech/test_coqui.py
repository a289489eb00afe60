"""The Coqui engine with the real library and a tiny voice of random weights."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import numpy as np
import pytest

from multimodal.errors import UsageError
from multimodal.results import Decision
from multimodal.speech.config import SpeechConfig
from multimodal.speech.engine import choose
from multimodal.speech.process import Speaker
from multimodal.speech.sound import from_wav
from multimodal.testing.tiny_vits import SAMPLE_RATE, tiny_vits

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
def voice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("TTS", reason="needs pip install 'veilspeak[coqui]'")
    return tiny_vits(tmp_path_factory.mktemp("voice"))


@pytest.fixture
def config(voice: Path, monkeypatch: pytest.MonkeyPatch) -> SpeechConfig:
    for name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"):
        monkeypatch.setenv(name, os.environ.get(name, "1"))  # the engine sets them; they are put back afterwards
    return SpeechConfig(engine="coqui", voice=voice, load_s=200.0)


def test_a_checkpoint_is_loaded_and_speaks(config: SpeechConfig) -> None:
    engine = choose(config)(config)
    short, long = engine.synthesize("Yes."), engine.synthesize("Yes, gladly, whenever you like to have it.")
    assert short.sample_rate == long.sample_rate == SAMPLE_RATE
    assert 0.05 < short.seconds < long.seconds < 20
    assert np.isfinite(long.samples).all()
    assert 0.001 < np.abs(long.samples).max() <= 1.0
    assert len(engine.synthesize(" ").samples) == 0


def test_it_speaks_from_a_process_of_its_own(config: SpeechConfig, tmp_path: Path) -> None:
    said = []
    with Speaker(config, play=False, wav=tmp_path / "speech.wav") as speaker:
        speaker.say(Decision(500.0, "like", "positive", 0.9, True, "Yes, gladly!", {}))
        while not said:
            said = speaker.poll()
            time.sleep(0.01)
        assert speaker.events() == []
    assert (said[0].engine, said[0].text) == ("coqui", "Yes, gladly!")
    assert said[0].latency_ms is not None
    sound = from_wav((tmp_path / "speech.wav").read_bytes())
    assert sound.seconds == pytest.approx(0.5 + said[0].seconds, abs=0.01)
    assert np.abs(sound.samples[: sound.sample_rate // 2]).max() == 0
    assert np.abs(sound.samples[sound.sample_rate // 2 :]).max() > 0.001


class Harmful:
    """Unpickled, it would make a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self._folder),)


def test_a_checkpoint_that_carries_code_is_refused_and_the_code_not_run(
    voice: Path, config: SpeechConfig, tmp_path: Path
) -> None:
    import pickle

    import torch

    (tmp_path / "config.json").write_bytes((voice.parent / "config.json").read_bytes())
    torch.save({"model": Harmful(tmp_path / "harm")}, tmp_path / "model.pth")
    harmful = config.model_copy(update={"voice": tmp_path / "model.pth"})
    with pytest.raises(pickle.UnpicklingError, match=r"[Ww]eights.only"):
        choose(harmful)(harmful)
    assert not (tmp_path / "harm").exists()


@pytest.mark.parametrize("place", ["speaker_encoder_model_path", "speakers_file"])
def test_settings_that_name_an_address_are_refused(
    voice: Path, config: SpeechConfig, tmp_path: Path, place: str
) -> None:
    settings = json.loads((voice.parent / "config.json").read_text())
    settings["model_args"][place] = "https://example.org/part.pth"
    (tmp_path / "config.json").write_text(json.dumps(settings))
    (tmp_path / "model.pth").write_bytes(voice.read_bytes())
    remote = config.model_copy(update={"voice": tmp_path / "model.pth"})
    with pytest.raises(UsageError, match=f"{place} is https://example.org"):
        choose(remote)(remote)
