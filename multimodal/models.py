"""``veilspeak models``: every model with what it takes, how big it is and where it is from; and whether it is whole."""

from __future__ import annotations

from typing import Any

from multimodal import weights
from multimodal.errors import MissingError, VeilspeakError
from multimodal.expression.zoo.inputs import in_words, shapes_of
from multimodal.expression.zoo.systems import SystemConfig, system, systems
from multimodal.training.classifiers.base import Classifier, build_classifier, classifier_names
from multimodal.training.classifiers.regional import RegionalClassifier
from multimodal.weights.architectures import REGIONAL, architecture_of
from multimodal.weights.measure import Size, size_of

OURS = "AGPL-3.0-or-later"
"""Licence of our own code, that of reconstructed systems included."""


def list_models() -> dict[str, Any]:
    """Return every system of the zoo, every other classifier, and all shipped weights.

    Returns:
        ``models: [{name, kind, input, params, flops, source, licence, reconstructed, weights}]``. ``kind`` is what it
        reads: ``expression``, ``spotting``, ``gesture``, ``fusion`` or ``face``. ``params`` and ``flops`` are those of
        the form that was published (``weights.measure.Size``), None where there is no network. ``reconstructed`` says
        what of it is an engineering choice, and is empty where all is published. ``weights`` is the file of shipped
        weights, None where a model is trained anew.

    Raises:
        MissingError: A card of shipped weights cannot be read.
    """
    others = [name for name in classifier_names() if name not in systems()]
    rows = [*map(_system_row, systems().values()), *map(_classifier_row, others), *map(_weights_row, weights.names())]
    return {"models": rows}


def verify() -> dict[str, Any]:
    """Check every shipped weight file against its card.

    Returns:
        ``weights: [{name, ok, detail}]``; ``detail`` is the file's size, or what is wrong with it and what to do.

    Raises:
        MissingError: There is no weight at all.
    """
    found = weights.stems()
    if not found:
        raise MissingError(f"no weights in {weights.folder()}: reinstall veilspeak, or unset VEILSPEAK_WEIGHTS")
    return {"weights": [_checked(name) for name in found]}


def refuse_wrong(content: dict[str, Any]) -> None:
    """Raise if something is wrong with a weight.

    Raises:
        MissingError: It names what is wrong in one line.
    """
    wrong = [row for row in content["weights"] if not row["ok"]]
    if wrong:
        rest = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        raise MissingError(f"{wrong[0]['detail']}{rest}")


def _system_row(system: SystemConfig) -> dict[str, Any]:
    told = (system.source, system.licence, system.reconstructed)
    kind = "spotting" if system.task == "spot" else "expression"
    return _row(system.name, kind, in_words(system.inputs), _system_size(system), *told)


def _system_size(system: SystemConfig) -> Size:
    from multimodal.expression.registry import build_model

    return size_of(lambda: build_model(system.name), *shapes_of(system).values())


def _classifier_row(name: str) -> dict[str, Any]:
    classifier = build_classifier(name)
    told = (classifier.source, OURS, classifier.reconstructed)
    takes = classifier.takes or in_words(("flow",))
    return _row(name, "expression", takes, _classifier_size(classifier), *told)


def _classifier_size(classifier: Classifier) -> Size | None:
    if not isinstance(classifier, RegionalClassifier):
        return None
    return REGIONAL.size(classifier.config.options)


def _weights_row(name: str) -> dict[str, Any]:
    card = weights.read_card(weights.folder() / f"{name}.json")
    if card.architecture.get("model") in systems():
        return {**_system_row(system(card.architecture["model"])), "name": name, "weights": card.file}
    known = architecture_of(card)
    if known is None:
        return _row(name, card.kind, "not known to this version", None, "not known", card.licence, "", card.file)
    size = known.size(card.architecture)
    return _row(name, card.kind, known.takes, size, known.source, card.licence, known.reconstructed, card.file)


def _checked(name: str) -> dict[str, Any]:
    try:
        path, _ = weights.find(name)
    except VeilspeakError as error:
        return {"name": name, "ok": False, "detail": str(error)}
    return {"name": name, "ok": True, "detail": f"{path.stat().st_size / 1e6:.2f} MB, hash as in the card"}


def _row(
    name: str,
    kind: str,
    takes: str,
    size: Size | None,
    source: str,
    licence: str,
    reconstructed: str,
    file: str | None = None,
) -> dict[str, Any]:
    return {
        "name": name,
        "kind": kind,
        "input": takes,
        "params": None if size is None else size.params,
        "flops": None if size is None else size.flops,
        "source": source,
        "licence": licence,
        "reconstructed": reconstructed,
        "weights": file,
    }
