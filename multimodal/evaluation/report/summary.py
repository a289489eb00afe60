"""What ``veilspeak evaluate expression --out DIR`` leaves as ``DIR/expression.json``, read and checked.

Everything but the conditions may be missing: it is None then, and the report says that it was not measured.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from multimodal.errors import DecodeError

FILE = "expression.json"

CLEAN = "none"
"""The condition with nothing before the face."""

Share = Annotated[float, Field(ge=0, le=1)]
Change = Annotated[float, Field(ge=-1, le=1)]
Count = Annotated[int, Field(ge=0)]


def shown(occlusion: str) -> str:
    """Return what a condition is called on the page."""
    return "clean" if occlusion == CLEAN else occlusion


class Part(BaseModel):
    """The base of all parts: keys that the report does not show are passed over."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Scores(Part):
    """Pooled scores, 0 to 1.

    Attributes:
        diff: Of the UF1 to the same clips clean.
        diff_ci95: Its interval over subjects.
        repeats, uf1_max: How often the labels were shuffled, and the highest score then; of a null test alone.
    """

    uf1: Share | None = None
    uar: Share | None = None
    clips: Count | None = None
    diff: Change | None = None
    diff_ci95: tuple[Change, Change] | None = None
    repeats: Count | None = None
    uf1_max: Share | None = None


class ClassScores(Part):
    """Pooled scores of one class, 0 to 1."""

    f1: Share | None = None
    recall: Share | None = None
    clips: Count | None = None


class Condition(Part):
    """One row: the same clips, all behind the same kind of thing.

    Attributes:
        occlusion: Its name; ``none`` is clean.
        uf1, uar, accuracy, wf1: Pooled over all folds, mean over seeds, 0 to 1.
        uf1_sd: Standard deviation over seeds.
        uf1_ci95: Interval when subjects are drawn anew.
        diff, diff_ci95: Of the UF1 to the same clips clean, and its interval.
        covered: Mean covered fraction of the face, 0 to 1.
        confusion: ``[classes, classes]``, counts of the first seed; rows are the truth.
        lost: How many clips showed no face that could be measured behind the cover; they count all the same.
        by_dataset, by_class: Scores by name.
    """

    occlusion: str
    uf1: Share | None = None
    uar: Share | None = None
    accuracy: Share | None = None
    wf1: Share | None = None
    uf1_sd: Annotated[float, Field(ge=0)] | None = None
    uf1_ci95: tuple[Share, Share] | None = None
    diff: Change | None = None
    diff_ci95: tuple[Change, Change] | None = None
    covered: Share | None = None
    lost: Count | None = None
    confusion: tuple[tuple[Count, ...], ...] | None = None
    by_dataset: dict[str, Scores] | None = None
    by_class: dict[str, ClassScores] | None = None


class Audit(Part):
    """The honest scores beside those of the common wrong rules."""

    honest: Scores | None = None
    best_epoch_on_test: Scores | None = None
    mean_of_folds: Scores | None = None
    mean_of_folds_best_epoch: Scores | None = None
    null_test: Scores | None = None


class Provenance(Part):
    """What is needed to get the figures again."""

    command: str | None = None
    revision: str | None = None
    config: Any = None
    data_sha256: str | None = None
    seed: Any = None
    threads: Any = None
    versions: dict[str, str | None] | None = None
    date: str | None = None


class Summary(Part):
    """The whole file; the attributes are its keys.

    Attributes:
        transductive: Whether the model also looked at the test clips, without their labels, while it learned.
    """

    conditions: Annotated[tuple[Condition, ...], Field(min_length=1)]
    model: str | None = None
    protocol: str | None = None
    clips: Count | None = None
    subjects: Count | None = None
    seeds: Count | None = None
    transductive: bool | None = None
    wall_s: float | None = None
    classes: tuple[str, ...] | None = None
    folds: Count | None = None
    audit: Audit | None = None
    provenance: Provenance = Provenance()
    problems: dict[str, Count] | None = None

    @model_validator(mode="after")
    def _agrees(self) -> Summary:
        names = [condition.occlusion for condition in self.conditions]
        if len(set(names)) < len(names):
            raise ValueError(f"a condition stands there twice: {', '.join(sorted(names))}")
        size = None if self.classes is None else len(self.classes)
        for condition in self.conditions:
            lengths = {len(row) for row in condition.confusion or ()} | {len(condition.confusion or ())}
            if condition.confusion is not None and (size is None or lengths != {size}):
                raise ValueError(
                    f"the confusion matrix of {condition.occlusion} does not fit the classes {self.classes}"
                )
        return self

    @property
    def base(self) -> Condition:
        """The condition that the others are compared with: clean, or the first where clean was not run."""
        return self.named(CLEAN) or self.conditions[0]

    def named(self, occlusion: str) -> Condition | None:
        """Return the condition of that name, or None."""
        return next((condition for condition in self.conditions if condition.occlusion == occlusion), None)


def read_summary(path: Path) -> Summary:
    """Read an evaluation's summary.

    Raises:
        DecodeError: It is not JSON, or a key does not hold what it should; the message names both in one line.
    """
    remedy = "run veilspeak evaluate expression again"
    try:
        # NaN stands for a figure that could not be computed: it was not measured.
        content = json.loads(path.read_text(encoding="utf-8"), parse_constant=lambda _: None)
        return Summary.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "content"
        raise DecodeError(f"{path}: {key}: {first['msg']}: {remedy}") from error
    except (ValueError, OSError) as error:
        raise DecodeError(f"{path} cannot be read as JSON ({error}): {remedy}") from error
