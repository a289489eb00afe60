"""The systems of the literature: what each takes, where it is from, and how it is trained. Needs no torch.

One file a system, ``configs/expression/zoo/NAME.yaml``, is the single source of all of that; its network is one module
of this folder, which registers it under the system's name.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from multimodal.config import Config, load_config, shipped
from multimodal.errors import UsageError

Task = Literal["classify", "spot"]
"""``classify``: a class a clip. ``spot``: a score a frame, which is high where an expression is, or culminates."""

Input = Literal["flow", "apex", "frames", "flows", "onset_flow", "strips"]
"""``flow``: ``[3, 28, 28]`` u, v, strain from onset to apex. ``apex``: ``[3, 112, 112]`` RGB, 0 to 1, the aligned face
of the apex frame. ``frames``: ``[3, 16, 64, 64]`` RGB, 0 to 1, the aligned face from onset to offset. ``flows``:
``[3, 15, 28, 28]`` u, v, strain from the onset to each later one of those frames.

Of spotting, for every frame of a clip ``onset_flow``: ``[3, 28, 28]`` u, v, strain from the onset to it; for every
frame of a long video ``strips``: ``[3, 42, 42]`` u, v, strain of brows over mouth between the frames half an expression
around it, each from 0 to 1."""

TIMM = "timm"
"""The system that stands for all networks of timm."""

BACKBONE_INPUTS = ("", "flow", "apex")
"""What may follow the ``@`` of such a name."""

FROM_FRAMES: tuple[Input, ...] = ("apex", "frames", "flows")
"""Inputs that cannot be had from published flow maps."""


class SystemConfig(Config):
    """One system.

    Attributes:
        name: Which names it on the command line.
        title: In a few words.
        source: Authors, year, where.
        task: See ``Task``.
        inputs: What its network takes, in this order.
        reconstructed: What of it is an engineering choice, as the source does not say; empty where all is published.
        licence: Of our code for it.
        options: The factory's keyword arguments in evaluation, where they differ from the published ones.
        epochs: Their number, fixed beforehand: no score decides when to stop.
        batch, learning_rate, weight_decay, optimiser: Of the optimisation.
        decay_every, decay: The learning rate is multiplied by ``decay`` after every so many epochs; 0: never.
        scaling: Of flow: ``unit`` stretches each map and channel to 0 to 1; ``centred``: see ``expression.normalise``.
        smoothing: Of the labels.
        balance: Classes count by their frequency to the power of minus this: 0 counts every clip alike, 1 every class.
        mirror: Whether half of the clips are mirrored while learning.
        units: Whether it also learns from coded action units; its network is a ``UnitNetwork``.
        few_seeds: Whether one seed is enough for the tables, as it is for networks of more than a million parameters.
    """

    name: str
    title: str
    source: str
    task: Task = "classify"
    inputs: tuple[Input, ...] = Field(min_length=1)
    reconstructed: str = ""
    licence: str = "AGPL-3.0-or-later"
    options: dict[str, Any] = Field(default_factory=dict)
    epochs: int = Field(default=60, gt=0)
    batch: int = Field(default=32, gt=1)
    learning_rate: float = Field(default=1e-3, gt=0)
    weight_decay: float = Field(default=0.0, ge=0)
    decay_every: int = Field(default=0, ge=0)
    decay: float = Field(default=1.0, gt=0, le=1)
    optimiser: Literal["adam", "adamw", "sgd"] = "adam"
    scaling: Literal["unit", "centred"] = "centred"
    smoothing: float = Field(default=0.0, ge=0, lt=1)
    balance: float = Field(default=0.0, ge=0, le=1)
    mirror: bool = False
    units: bool = False
    few_seeds: bool = False

    @property
    def network(self) -> str:
        """Under which its network is registered: its name, or what precedes the colon of ``timm:resnet18``."""
        return self.name.partition(":")[0]


@functools.lru_cache(maxsize=1)
def systems() -> dict[str, SystemConfig]:
    """Return all systems by name, sorted.

    Raises:
        UsageError: A file is wrong, or not named as its system is.
    """
    found = {path.stem: load_config(SystemConfig, path) for path in sorted(shipped("expression/zoo").glob("*.yaml"))}
    for stem, system in found.items():
        if system.name != stem:
            raise UsageError(f"configs/expression/zoo/{stem}.yaml describes {system.name!r}: name both alike")
    return found


def systems_for(task: Task) -> dict[str, SystemConfig]:
    """Return the systems of one task by name, sorted."""
    return {name: system for name, system in systems().items() if system.task == task}


def system(name: str) -> SystemConfig:
    """Return the system of that name.

    ``timm:BACKBONE`` is ``timm`` with that network, and ``timm:BACKBONE@apex`` the same over apex images; whether timm
    has such a network is checked when it is built.

    Raises:
        UsageError: There is none; the message lists those that there are.
    """
    family, colon, backbone = name.partition(":")
    if family == TIMM and colon:
        return _over_backbone(name, backbone)
    if name not in systems():
        raise UsageError(f"unknown system {name!r}: choose one of {', '.join(systems())}")
    return systems()[name]


def _over_backbone(name: str, backbone: str) -> SystemConfig:
    network, _, kind = backbone.partition("@")
    if not network or kind not in BACKBONE_INPUTS:
        raise UsageError(f"{name!r}: write {TIMM}:BACKBONE, such as {TIMM}:resnet18, or {TIMM}:BACKBONE@apex")
    given = systems()[TIMM]
    inputs = given.inputs if not kind else (kind,)
    return given.model_copy(update={"name": name, "inputs": inputs, "options": {**given.options, "backbone": network}})


def refuse_maps(system: SystemConfig) -> UsageError:
    """Return the error for a system that was given flow maps and takes frames."""
    wanted = " and ".join(kind for kind in system.inputs if kind in FROM_FRAMES)
    return UsageError(
        f"{system.name} takes {wanted}, which published flow maps do not hold: name a data set with frames, "
        "or make one with veilspeak synth expressions"
    )


def path_of(name: str) -> Path:
    """Return where a system is described."""
    return shipped(f"expression/zoo/{name}.yaml")
