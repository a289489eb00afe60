"""Flow-map folders as STSTNet and HTNet publish them: ``SUBJECT/u_test/LABEL/*.png``; see ``flow_folder``.

Each map is a clip whose path is the map. Data sets are told from the subjects' names, as MEGC 2019 names them.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from multimodal.data.flow_folder import dataset_of
from multimodal.data.index import Clip, ClipIndex
from multimodal.data.layouts.base import Layout, register_layout
from multimodal.data.layouts.coded import Coded, Notes
from multimodal.data.layouts.sheets import Table
from multimodal.errors import MissingError
from multimodal.results import EXPRESSIONS

_MAPS = "*/u_test/*/*.png"


@register_layout("flow")
class Flow(Layout):
    """A flow-map folder."""

    name = "flow"
    title = "a flow-map folder"
    fps = 0.0
    emotions = frozenset(EXPRESSIONS)
    columns = ()

    def looks_like(self, root: Path) -> bool:
        """Tell whether there are maps."""
        return root.is_dir() and next(root.glob(_MAPS), None) is not None

    def read(self, root: Path, sheet: Path | None = None) -> ClipIndex:
        """List the maps; there is no sheet."""
        notes, clips = Notes(), []
        for path in sorted(root.glob(_MAPS)):
            subject, label, where = path.parts[-4], path.parts[-2], path.relative_to(root).as_posix()
            if label not in {str(number) for number in range(len(EXPRESSIONS))}:
                notes.add("unknown emotion", where, f"folder {label!r} is no label 0, 1 or 2", dropped=True)
                continue
            names = dataset_of(subject), subject, path.stem.strip()
            clips.append(Clip(*names, None, None, None, 0.0, EXPRESSIONS[int(label)], path=where))
        if not clips:
            raise MissingError(f"no flow maps in {root}: expected SUBJECT/u_test/LABEL/*.png under it")
        clips.sort(key=lambda clip: clip.key)
        return ClipIndex(tuple(clips), tuple(notes.problems), {clip.dataset: root for clip in clips})

    def coded(self, table: Table, notes: Notes) -> Iterator[Coded]:
        """There is no sheet, hence no row."""
        yield from ()
