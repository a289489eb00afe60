"""Spectacles put together: rims, bridge, pads, arms that hide behind a turned head, and lenses, from back to front."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from occlusion.head import Head
from occlusion.occluder import Drawing, Scene
from occlusion.shapes.bars import bar, bent, evenly, pebble
from occlusion.shapes.canvas import filled, stroked
from occlusion.shapes.hiding import hidden_by_face
from occlusion.shapes.lens_shapes import one_piece, outward
from occlusion.shapes.outline import outline_of
from occlusion.shapes.spectacle_fit import Fit, Lens, Model
from occlusion.shapes.stuff import Stuff
from occlusion.shapes.surface import Sheet, Skin, over, paint

_ANCHORS = (105, 334, 52, 282, 55, 285, 168, 6, 197, 119, 348)
"""Brow, nose bridge and cheekbones: their plane lies about where the lenses do."""

_DOWN, _AWAY = (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)
_CLEAR, _STUD = Stuff((0.86, 0.85, 0.80), alpha=0.5), Stuff((0.62, 0.62, 0.63), "metal")
_PLASTIC = 0.06
"""How thick a front of plastic is, eye distances."""

_REACH = {"full": (0.0, 1.0), "top": (0.2, 0.8), "brow": (0.3, 0.7)}
"""Over which share of the way round a lens, which begins at its lowest point, rims and brow bars go."""

_BRIDGES: dict[str, tuple[tuple[float, float, float, float], ...]] = {
    "saddle": ((0.5, 0.04, 0.0, 0.12),),
    "keyhole": ((0.6, 0.04, 0.10, 0.085),),
    "wire": ((0.3, 0.09, 0.0, 0.032),),
    "double": ((0.35, 0.05, 0.0, 0.03), (0.95, 0.0, 0.0, 0.035)),
    "none": (),
}
"""The bars of each bridge: how high up they lie (1 at the lenses' top), by how much they arch, their ends dip, and how
high they are, eye distances."""


def spectacles(
    scene: Scene, model: Model, frame: Stuff, arms: Stuff, glass: Callable[[Lens], Skin], shadow: float
) -> Drawing:
    """Draw spectacles.

    Args:
        scene: The scene.
        model: Their geometry.
        frame: What the rims and the bridge are made of.
        arms: What the arms, and the bar along the brow, are made of.
        glass: Gives each lens its skin, see ``Lens.sheet``.
        shadow: Strength of their shadow, 0 to 1.
    """
    fit = Fit(Head(scene.landmarks), model, scene.rng)
    behind = [*_arms(fit, arms, scene.rng), *_pads(fit, frame, scene.rng)]
    panes = [lens.sheet(glass(lens)) for lens in (Lens(fit, -1), Lens(fit, 1))]
    front = [*_rims(fit, frame, scene.rng), *_brows(fit, arms, scene.rng), *_bridge(fit, frame, scene.rng)]
    front += _studs(fit, scene.rng)
    # What lies behind the lenses shows through them: each of the three is a layer of its own.
    colour, alpha = over(paint(scene.shape, front), over(paint(scene.shape, panes), paint(scene.shape, behind)))
    return Drawing(colour, alpha, outline_of(np.maximum(alpha, _shape(scene, fit))), _ANCHORS, shadow=shadow)


def _shape(scene: Scene, fit: Fit) -> np.ndarray:
    """Return the lenses and, wide enough to join them, the bridge, as if nothing could be seen through them."""
    bridge = stroked(scene.shape, [fit.place(fit.front(_span(fit, 0.3, 0.0)))[:, :2]], max(2.0, 0.05 * scene.unit))
    return np.maximum.reduce([bridge, *(filled(scene.shape, lens[:, :2]) for lens in fit.both(fit.front(fit.outline)))])


def _arms(fit: Fit, stuff: Stuff, rng: np.random.Generator) -> list[Sheet]:
    """Return the arms; what the face hides of them is cut off, and hair and ears swallow their ends."""
    path = fit.arm()
    high = fit.model.arm * np.interp(np.linspace(0, 1, len(path)), (0, 0.7), (1, 0.6))
    left, right = fit.both(bar(path, np.minimum(0.045, high), high, _DOWN))
    skin = stuff.skin(rng, 1.6, fade=0.07)
    return [
        stuff.sheet(left, skin, _seen(fit, path * (-1, 1, 1))),
        stuff.sheet(right, skin, _seen(fit, path)),
    ]


def _seen(fit: Fit, path: np.ndarray) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """Return where on a bar along a path the face does not hide it: from where it does, the rest is hidden too."""
    hidden = np.logical_or.accumulate(hidden_by_face(fit.head, evenly(path, 400)))
    return lambda s, t: ~hidden[np.round(t * (len(hidden) - 1)).astype(int)]


def _pads(fit: Fit, frame: Stuff, rng: np.random.Generator) -> list[Sheet]:
    """Return the pads on the sides of the nose and the wires that hold them."""
    if not fit.model.pads:
        return []
    pad = np.add(fit.head.symmetric(122, 351), (0.055, 0.05, 0.05))
    edge = fit.inner(0.05)
    rim = fit.front(np.array([(edge, fit.level(0.05)), (edge - 0.01, fit.level(0.1))]))
    wire = bent(np.array([rim[0], np.add(rim[1], (0, 0, 0.08)), np.add(pad, (0.01, -0.04, 0)), pad]), 20)
    clear, metal = _CLEAR.skin(rng, 0.1), frame.skin(rng, 0.1)
    pads = [_CLEAR.sheet(points, clear) for points in fit.both(pebble(pad, (0.028, 0.075, 0.05)))]
    return [*pads, *(frame.sheet(points, metal) for points in fit.both(bar(wire, 0.018, 0.018, _AWAY, 2.0, 10)))]


def _rims(fit: Fit, frame: Stuff, rng: np.random.Generator) -> list[Sheet]:
    model = fit.model
    if model.rim == 0:
        return []
    x, y = (2 * (fit.outline - fit.middle) / (fit.wide, fit.high)).T
    # Heavier above, and lighter by the nose, where there is little room.
    width = model.rim * (1 + model.heft * np.clip(-y, 0, 1) - 0.3 * np.clip(-x, 0, 1) * (1 + y) / 2)
    thick = model.rim if frame.finish == "metal" else _PLASTIC
    skin = frame.skin(rng, 2.3)
    return [frame.sheet(points, skin) for points in _along(fit, width, thick, frame.power, model.reach)]


def _brows(fit: Fit, stuff: Stuff, rng: np.random.Generator) -> list[Sheet]:
    """Return the bars along the upper edges, before the rims."""
    if fit.model.brow == 0:
        return []
    width, skin = np.full(len(fit.outline), fit.model.brow), stuff.skin(rng, 1.3)
    return [stuff.sheet(points, skin) for points in _along(fit, width, _PLASTIC, stuff.power, "brow", 0.03)]


def _along(
    fit: Fit, width: np.ndarray, thick: float, power: float, reach: str, lift: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """Return bars along the edges of both lenses: all round, or over the top with slender ends."""
    whole = one_piece(fit.model.shape)
    line = fit.outline + outward(fit.outline, not whole) * (width[:, None] / 2 - 0.012)
    line = np.column_stack([line, width])
    first, last = (0.5, 1.0) if whole else _REACH[reach]
    line = line if whole else np.concatenate([line, line[:1]])
    part = evenly(line[round(first * (len(line) - 1)) : round(last * (len(line) - 1)) + 1], 120)
    ends = np.linspace(1, -1, len(part)) if whole else np.abs(np.linspace(-1, 1, len(part)))
    width = part[:, 2] * (1 - 0.7 * (reach != "full") * np.clip(ends, 0, 1) ** 5)
    return fit.both(bar(fit.front(part[:, :2], lift), width, thick, _AWAY, power, 28))


def _span(fit: Fit, height: float, rise: float, dip: float = 0.0) -> np.ndarray:
    """Return a way from rim to rim, x and y, at a height above the lenses' middle, arched and with its ends dipping."""
    y, low = fit.level(height), height - 2 * dip / fit.high
    ends, edge = (fit.inner(level) + 0.02 - 0.6 * fit.model.rim for level in (low, height))
    half = np.array([(ends, y + dip), (0.75 * edge, y - 0.3 * rise), (0.4 * edge, y - rise)])
    return np.concatenate([half * (-1, 1), half[::-1]])


def _bridge(fit: Fit, frame: Stuff, rng: np.random.Generator) -> list[Sheet]:
    """Return the bridge, a little behind the rims, which run over its ends."""
    skin, sheets = frame.skin(rng, 0.4), []
    for height, rise, dip, wide in _BRIDGES[fit.model.bridge]:
        path = bent(fit.front(_span(fit, height, rise, dip), -0.005))
        thick = wide if frame.finish == "metal" else _PLASTIC
        sheets.append(frame.sheet(fit.place(bar(path, wide, thick, _AWAY, frame.power)), skin))
    return sheets


def _studs(fit: Fit, rng: np.random.Generator) -> list[Sheet]:
    """Return rivets at the upper corners, two a side."""
    if not fit.model.studs:
        return []
    x, skin = fit.outer(0.8) + 0.4 * fit.model.rim, _STUD.skin(rng, 0.1)
    spots = fit.front(np.array([(x, fit.level(height)) for height in (0.73, 0.87)]), _PLASTIC / 2)
    rivets = [pebble(spot, (0.019, 0.013, 0.012)) for spot in spots]
    return [_STUD.sheet(points, skin) for rivet in rivets for points in fit.both(rivet)]
