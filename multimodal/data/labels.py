"""Label rules: which class of a protocol a clip belongs to, or none.

A rule is a function from a clip to an index into the rule's classes; None leaves the clip out. ``docs/data-sets.md``
has the counts that the official sheets give.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from multimodal.data.index import Clip
from multimodal.data.layouts.codes import unit_numbers
from multimodal.data.layouts.folders import simple
from multimodal.data.objective import objective_class
from multimodal.registry import Registry
from multimodal.results import EXPRESSIONS, OBJECTIVE_CLASSES

_THREE = {
    "negative": ["negative", "anger", "contempt", "disgust", "fear", "repression", "sad", "sadness"],
    "positive": ["positive", "happiness", "happy"],
    "surprise": ["surprise"],
}
_CLASS_OF = {emotion: EXPRESSIONS.index(name) for name, emotions in _THREE.items() for emotion in emotions}

_NOT_IN_MEGC2019 = frozenset(
    (simple(subject), simple(clip))
    for subject, clip in (
        ("sub04", "EP12_01f"),  # the apex was not told when the list was made
        ("sub05", "EP09_05f"),  # the apex is the onset
        ("sub24", "EP07_01"),  # these three were sadness then, and are surprise in the sheet of July 2019
        ("sub24", "EP07_04f"),
        ("sub24", "EP10_03"),
    )
)

_TEN_READ_AS_FORTY = (frozenset({4, 10}), frozenset({4, 5, 10}), frozenset({4, 9, 10}))


@dataclass(frozen=True)
class LabelRule:
    """How clips get their labels.

    Attributes:
        name: Of the rule.
        classes: Names of the classes, fixed whether or not there is a clip of each.
        label: Clip -> index into ``classes``, or None.
    """

    name: str
    classes: tuple[str, ...]
    label: Callable[[Clip], int | None]


LABEL_RULES: Registry[LabelRule] = Registry("label rule")
"""Name -> rule."""


def label_rule(name: str) -> LabelRule:
    """Return a rule.

    Raises:
        UsageError: There is none of that name; the message lists those that there are.
    """
    return LABEL_RULES.get(name)


def three(clip: Clip) -> int | None:
    """Return the class of a clip's emotion: 0 negative, 1 positive, 2 surprise.

    Macro-expressions, ``other(s)``, ``tense`` and emotions of several classes have none.
    """
    found = {_CLASS_OF.get(emotion) for emotion in clip.emotion.split("+")}
    return found.pop() if len(found) == 1 and not clip.macro else None


def megc2019(clip: Clip) -> int | None:
    """Return the class of MEGC 2019 (See et al. 2019): 0 negative, 1 positive, 2 surprise.

    The composite takes the HS part of SMIC, SAMM without ``other``, and of CASME II disgust and repression (negative),
    happiness, and surprise; five clips that its published list (``combined_3class_gt``) leaves out are left out. Other
    data sets, which were no part of it, follow ``three``.
    """
    named = simple(clip.subject), simple(clip.clip)
    if clip.dataset == "casme2" and (clip.emotion in ("fear", "sadness") or named in _NOT_IN_MEGC2019):
        return None
    if clip.dataset == "smic" and clip.clip.endswith(("_vis", "_nir")):
        return None
    return three(clip)


def megc2018(clip: Clip) -> int | None:
    """Return the objective class of MEGC 2018 (Davison et al. 2018): 0 to 4 for I to V; VI and VII have none.

    The class of the sheet counts. Where it has none, the clip's action units are looked up in the table of the paper,
    exactly. In that table class IV lists the units 4+40 and 4+5+40, which no sheet has: they are read as 4+10 and
    4+5+10, and 4+9+10 goes with them, which gives CASME II's sheet of 2014 the official 26 clips of class IV
    (reconstructed).
    """
    if clip.macro:
        return None
    if clip.objective is not None:
        return clip.objective - 1 if clip.objective <= len(OBJECTIVE_CLASSES) else None
    units = unit_numbers(clip.action_units)
    if units in _TEN_READ_AS_FORTY:
        return OBJECTIVE_CLASSES.index("IV")
    return objective_class(units, tolerance=1) if units else None


for _rule in (
    LabelRule("three", EXPRESSIONS, three),
    LabelRule("megc2019", EXPRESSIONS, megc2019),
    LabelRule("megc2018", OBJECTIVE_CLASSES, megc2018),
):
    LABEL_RULES.register(_rule.name)(_rule)
