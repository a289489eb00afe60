"""A clip's apex is the same frame in the clean and in the masked copy: by the sheet, and by what moves."""

from __future__ import annotations

from pathlib import Path

import pytest

from multimodal.data.index import ClipIndex
from multimodal.data.occlude.run import occlude
from multimodal.data.occlude.settings import settings
from multimodal.data.open_index import open_index
from multimodal.data.spotting.clips import load_apex_clips
from multimodal.testing import fabricate
from multimodal.training.spotters.apex import magnitude_peak
from multimodal.training.spotters.base import ApexTask


def copied(source: Path, kind: str) -> ClipIndex:
    """Return the index of a copy behind things of that kind."""
    out = source.with_name(kind)
    occlude(source, out, settings(kind, seed=1), workers=1, progress=False)
    return open_index([out])


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> ClipIndex:
    """A rendered person raises the brows and frowns, a clip each."""
    source = fabricate("samm", tmp_path_factory.mktemp("apex") / "source", people=1, takes=2, faces=True, side=160)
    return copied(source, "none")


@pytest.mark.parametrize("kind", ["mask", "sunglasses"])
def test_the_apex_is_the_same_frame_in_both_copies(clean: ClipIndex, kind: str) -> None:
    masked = copied(clean.roots["samm"], kind)
    assert masked.clips == clean.clips
    assert len({clip.apex for clip in clean}) == 2
    for clip in clean:
        assert clip.apex is not None
        apex = Path(clip.path) / clip.frames[clip.apex - clip.first]
        assert (masked.roots["samm"] / apex).read_bytes() != (clean.roots["samm"] / apex).read_bytes()
    assert apexes(masked) == apexes(clean) == [4, 4]


def apexes(index: ClipIndex) -> list[int]:
    """Return where the motion of clips is at its peak, frames after the onset."""
    found, problems = load_apex_clips(index)
    assert problems == ()
    return magnitude_peak().spot(ApexTask("", (), [clip.motion for clip in found]))
