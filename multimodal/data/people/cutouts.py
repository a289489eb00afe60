"""Cut-outs of rendered hands for the occluder ``hand``: small pictures with alpha, and an index.

    python -m multimodal.data.people.cutouts --out occlusion/hands

Each pose gives ``NAME.png`` (RGBA, one middle tone of skin in even light) and ``NAME-palm.png`` (grey: how far a pixel
is palm or nail rather than back), at about a pixel a millimetre. ``index.json`` says where in them what lies. The same
code gives the same files.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from multimodal.data.people.hand_picture import Picture, Tones, photograph
from multimodal.data.people.hand_poses import POSES, Pose
from multimodal.data.people.hands import Hand, Sign
from multimodal.data.people.render import Camera, develop
from multimodal.data.people.skin import sample_look

_PER_DM = 100
_DISTANCE = 8.0
_SIZE = 420
_ARM = 0.75
_PALM = 0.85
"""Breadth of an adult's palm, dm."""


def cut_out(hand: Hand, pose: Pose, tones: Tones) -> tuple[Picture, dict[str, Any]]:
    """Take the picture of a pose, cut to what is seen, and tell what lies where.

    Returns:
        The picture, and for the index: ``grip``, where it rests on the face; ``palm``, the breadth of a palm; ``arm``,
        where it is cut off, in which direction it goes on, and how broad it is there. Pixels.
    """
    camera = Camera((0.0, 0.35, _DISTANCE), _PER_DM * _DISTANCE, _SIZE, _SIZE)
    picture = photograph(hand, pose.sign, camera, _ARM, tones)
    rows, columns = (np.flatnonzero((picture.alpha > 0.004).any(axis=axis)) for axis in (1, 0))
    corner = np.array([columns[0] - 1, rows[0] - 1])
    box = (slice(rows[0] - 1, rows[-1] + 2), slice(columns[0] - 1, columns[-1] + 2))
    vertices = hand.mesh(pose.sign, (0.0, 0.0, 0.0)).vertices
    grip = vertices[np.linalg.norm(hand.rest - np.array(pose.grip), axis=1).argmin()]
    middle = vertices[np.linalg.norm(hand.rest - (0, 0.5, 0), axis=1).argmin()]
    row = {
        "grip": _rounded(camera.project(grip) - corner),
        "palm": round(_PALM * camera.focal / float(camera.distance(middle)), 2),
        "arm": _arm(pose.sign, camera, picture, corner),
    }
    return Picture(picture.light[box], picture.alpha[box], picture.palm[box]), row


def _arm(sign: Sign, camera: Camera, picture: Picture, corner: np.ndarray) -> dict[str, Any]:
    elbow = np.array(sign.arm) / np.linalg.norm(sign.arm)
    wrist, end = camera.project(np.array([0.6, 1.0])[:, None] * _ARM * elbow)
    way = (end - wrist) / np.linalg.norm(end - wrist)
    # Measured a little before the end, where the cut, which is round, does not bite.
    across = end - 0.15 * _PER_DM * way + np.arange(-70, 71)[:, None] * np.array([way[1], -way[0]])
    places = np.round(across).astype(int).clip(0, _SIZE - 1)
    seen = picture.alpha[places[:, 1], places[:, 0]] > 0.5
    middle = end + (np.arange(-70, 71)[seen].mean() * np.array([way[1], -way[0]]))
    return {"end": _rounded(middle - corner), "way": _rounded(way, 4), "width": int(seen.sum())}


def write(out: Path) -> None:
    """Write all cut-outs and their index into a folder."""
    out.mkdir(parents=True, exist_ok=True)
    hand, tones, index = Hand(sample_look(np.random.default_rng(0))), Tones(), {}
    for name, pose in POSES.items():
        picture, index[name] = cut_out(hand, pose, tones)
        colour = develop(picture.light) * (picture.alpha > 0)[..., None]
        alpha = np.round(picture.alpha * 255).astype(np.uint8)
        _save(out / f"{name}.png", np.dstack([colour[..., ::-1], alpha]))
        _save(out / f"{name}-palm.png", np.round(picture.palm * 15).astype(np.uint8) * 17)
    text = json.dumps({"albedo": asdict(tones), "poses": index}, indent=1)
    (out / "index.json").write_text(text + "\n", encoding="utf-8")


def _save(path: Path, picture: np.ndarray) -> None:
    path.write_bytes(cv2.imencode(".png", picture, [cv2.IMWRITE_PNG_COMPRESSION, 9])[1].tobytes())


def _rounded(values: np.ndarray, digits: int = 1) -> list[float]:
    return [round(float(value), digits) for value in values]


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the cut-outs from the command line."""
    parser = argparse.ArgumentParser(description="Render cut-outs of hands.")
    parser.add_argument("--out", type=Path, required=True)
    write(parser.parse_args(arguments).out)


if __name__ == "__main__":
    main()
