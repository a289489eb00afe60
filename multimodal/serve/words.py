"""The personal lexicon behind the page: read, changed sign by sign, saved at once."""

from __future__ import annotations

import os
import tempfile
import threading
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from multimodal.errors import UsageError
from multimodal.fusion.lexicon import Lexicon, choose_lexicon, read_lexicon
from multimodal.results import AFFECTS, GESTURES

_PLACEHOLDER = "-"


def personal_path(language: str) -> Path:
    """Return where a language's personal lexicon lies, unless the config names another: the user's config folder."""
    base = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(base) / "veilspeak" / f"lexicon-{language}.yaml"


class FieldErrors(UsageError):
    """What is wrong with the sentences of a sign: a line for each affect that has a fault.

    Attributes:
        fields: affect -> what is wrong with its sentence.
    """

    def __init__(self, fields: dict[str, str]) -> None:
        super().__init__("; ".join(fields.values()))
        self.fields = fields


class Words:
    """The sentences that are said, those of the user over those that come with veilspeak.

    Args:
        language: Of the sentences.
        path: The personal lexicon's file; it need not be there yet.

    Raises:
        UsageError: The file is there but no lexicon, or there is no lexicon of the language.
    """

    def __init__(self, language: str, path: Path) -> None:
        self.language, self.path = language, path
        self._lock = threading.Lock()
        self.lexicon = self._read()

    def table(self) -> dict[str, Any]:
        """Return all signs with their sentences, for the page: ``own`` marks those that the user has changed."""
        own = self._own()
        signs = [
            {"gesture": name, "own": name in own.sentences, "sentences": self.lexicon.sentences.get(name, {})}
            for name in GESTURES[:-1]
        ]
        return {"language": self.language, "path": str(self.path), "affects": list(AFFECTS), "signs": signs}

    def change(self, gesture: str, sentences: dict[str, str]) -> None:
        """Save what a sign means from now on; affects without a sentence take the plain meaning.

        Raises:
            FieldErrors: A sentence is missing, empty or too long, or an affect is unknown; nothing is saved.
            UsageError: There is no such sign, or the file cannot be written.
        """
        wanted = {affect: " ".join(text.split()) for affect, text in sentences.items() if text.strip()}
        _check(gesture, wanted)
        with self._lock:
            own = self._own()
            self._save(own.model_copy(update={"sentences": {**own.sentences, gesture: wanted}}))

    def restore(self, gesture: str) -> None:
        """Forget the user's own sentences of a sign: it means what it meant before.

        Raises:
            UsageError: There is no such sign, or the file cannot be written.
        """
        _check(gesture, {"none": _PLACEHOLDER})
        with self._lock:
            own = self._own()
            if gesture in own.sentences:
                rest = {name: said for name, said in own.sentences.items() if name != gesture}
                self._save(own.model_copy(update={"sentences": rest}))

    def _own(self) -> Lexicon:
        return read_lexicon(self.path) if self.path.is_file() else Lexicon(language=self.language, sentences={})

    def _read(self) -> Lexicon:
        return choose_lexicon(self.language, self.path if self.path.is_file() else None)

    def _save(self, own: Lexicon) -> None:
        content = own.model_dump(exclude_none=True)
        text = yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=120)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            _write_whole(self.path, text)
        except OSError as error:
            raise UsageError(f"{self.path} cannot be written ({error.strerror}): check folder and space") from error
        self.lexicon = self._read()


def _write_whole(path: Path, text: str) -> None:
    """Write a file so that at any time either the old or the new one is there, whole."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _check(gesture: str, sentences: dict[str, str]) -> None:
    """Let the lexicon's own check judge each sentence by itself, so that each fault is told beside its field."""
    _lexicon(gesture, {"none": _PLACEHOLDER})
    faults = {} if "none" in sentences else {"none": f"say what {gesture} means by itself: its plain meaning"}
    for affect, text in sentences.items():
        try:
            _lexicon(gesture, {"none": _PLACEHOLDER, affect: text})
        except UsageError as error:
            faults[affect] = str(error)
    if faults:
        raise FieldErrors(faults)


def _lexicon(gesture: str, sentences: dict[str, str]) -> Lexicon:
    try:
        return Lexicon(sentences={gesture: sentences})
    except ValidationError as error:
        raise UsageError(_plain(error)) from error


def _plain(error: ValidationError) -> str:
    problem = error.errors()[0]
    return str(problem.get("ctx", {}).get("error", problem["msg"]))
