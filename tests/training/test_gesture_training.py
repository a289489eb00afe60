from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
import yaml

from multimodal import weights
from multimodal.config import load_config, shipped
from multimodal.data.fake_gestures import draw_hand, fake_hand, write_fake_gestures
from multimodal.data.yolo_folder import Label, Sample, read_rgb, read_yolo_folder
from multimodal.errors import MissingError, UsageError
from multimodal.gesture.detector import HandDetector
from multimodal.gesture.hands import HandTracker, Skeleton
from multimodal.gesture.skeleton import load_skeleton, normalise
from multimodal.results import GESTURES
from multimodal.training import gesture_skeleton as skeletons
from multimodal.training.gesture import train_gesture
from multimodal.training.gesture_config import GestureTraining
from multimodal.training.gesture_detector import (
    Course,
    DetectorTraining,
    _part_of,
    build_network,
    checkpoint_network,
    set_offline,
    train_detector,
)
from multimodal.training.gesture_merge import Opinions, best_exponent, fit_merge
from multimodal.training.gesture_photos import TrainingFolder, check_labels, composite, cut_out
from multimodal.training.gesture_skeleton import LabelledHands, SkeletonTraining, augment, fit, opinion, out_of_fold

SIGNS = ("like", "ok", "palm", "fist")
QUICK = SkeletonTraining(epochs=40, folds=2, copies=1)


def fake_points(names: list[str], seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.stack([normalise(Skeleton(fake_hand(name, rng) * 50, 1, 1.0)) for name in names])


def labels_of(names: list[str]) -> np.ndarray:
    return np.array([GESTURES.index(name) for name in names])


@pytest.fixture
def environment() -> Iterator[None]:
    """Put the environment back after training has set it."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


def test_the_skeleton_classifier_learns_and_repeats() -> None:
    names = list(GESTURES) * 4
    tensors = fit(fake_points(names), labels_of(names), QUICK, seed=0)  # some fake signs differ by less than the noise
    logs = opinion(tensors, fake_points(names, seed=9))
    assert (logs.argmax(axis=1) == labels_of(names)).mean() > 0.65
    again = fit(fake_points(names), labels_of(names), QUICK, seed=0)
    assert all(np.array_equal(tensors[name], again[name]) for name in tensors)


def test_shuffled_labels_are_not_learnt() -> None:
    """Out of fold, a classifier of shuffled labels is no better than chance (.25): nothing leaks."""
    names = [SIGNS[i % 4] for i in range(40)]
    shuffled = np.random.default_rng(0).permutation(labels_of(names))
    opinions = out_of_fold(fake_points(names), shuffled, np.arange(40), QUICK, seed=0)
    assert (opinions.argmax(axis=1) == shuffled).mean() < 0.55
    right = out_of_fold(fake_points(names), labels_of(names), np.arange(40), QUICK, seed=0)
    assert (right.argmax(axis=1) == labels_of(names)).mean() > 0.9


def test_hands_of_one_picture_are_in_one_fold() -> None:
    images = np.repeat(np.arange(12), 3)
    folds = skeletons._folds(labels_of([SIGNS[i % 4] for i in range(36)]), images, 3, seed=1)
    assert all(len(set(folds[images == image])) == 1 for image in range(12))
    assert set(folds) == {0, 1, 2}


def test_augmentation_is_small_and_keeps_the_wrist() -> None:
    points = fake_points(["palm"] * 200)
    turned = augment(points, np.random.default_rng(0), rotation=10, noise=0.0)
    assert np.allclose(turned[:, 0], 0)
    angle = np.arctan2(turned[:, 9, 0], -turned[:, 9, 1]) - np.arctan2(points[:, 9, 0], -points[:, 9, 1])
    assert 7 < np.rad2deg(angle).std() < 13
    assert not np.allclose(turned, augment(points, np.random.default_rng(0), rotation=10, noise=0.1))


def test_hands_are_found_once_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = read_yolo_folder(write_fake_gestures(tmp_path / "set", gestures=("ok", "palm")), "train")
    calls = fake_tracker(monkeypatch, data.samples)
    first = skeletons.find_hands(data.samples, tmp_path / "hands.npz", 0.3)
    assert first.found.tolist() == [True, True]
    assert first.labels.tolist() == labels_of(["ok", "palm"]).tolist()
    again = skeletons.find_hands(data.samples, tmp_path / "hands.npz", 0.3)
    assert len(calls) == 2
    assert np.array_equal(first.points, again.points)
    skeletons.find_hands(data.samples[:1], tmp_path / "hands.npz", 0.3)
    assert len(calls) == 3


def fake_tracker(monkeypatch: pytest.MonkeyPatch, samples: tuple[Sample, ...]) -> list[int]:
    """Put a tracker in place that finds in each labelled box the points of its sign; return its list of calls."""
    known = {read_rgb(sample.image).tobytes(): sample for sample in samples}
    calls: list[int] = []

    class Tracker(HandTracker):
        def __init__(self, live: bool) -> None:
            assert not live

        def __enter__(self) -> Tracker:
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def find(self, image: np.ndarray) -> list[Skeleton]:
            calls.append(1)
            sample = known[image.tobytes()]
            return [in_box(label, image) for label in sample.labels]

    def in_box(label: Label, image: np.ndarray) -> Skeleton:
        points = fake_hand(label.name, np.random.default_rng(len(calls)))
        low, high = points[:, :2].min(axis=0), points[:, :2].max(axis=0)
        box = np.array(label.pixels(image.shape[1], image.shape[0]))
        points[:, :2] = (points[:, :2] - low) / (high - low) * (box[2:] - box[:2]) + box[:2]
        return Skeleton(points, 1, 1.0)

    monkeypatch.setattr(skeletons, "HandTracker", Tracker)
    return calls


def test_loose_labels_are_confirmed_renamed_or_left_out() -> None:
    names = ["palm", "peace", "palm", "one", "fist"]
    samples = [Sample(Path(f"{i}.png"), (Label(name, (0.5, 0.5, 0.5, 0.5)),)) for i, name in enumerate(names)]
    says = [("palm", 0.9), ("two_up", 0.8), ("stop", 0.5), ("rock", 0.8), ("rock", 0.95)]
    opinions = np.log(np.full((5, 19), 1e-3))
    for row, (name, probability) in zip(opinions, says, strict=True):
        row[GESTURES.index(name)] = np.log(probability)
    hands = LabelledHands(np.zeros((5, 21, 3)), np.ones(5, bool), labels_of(names), np.arange(5))
    checked = check_labels(samples, hands, opinions, {"palm": ("stop",), "peace": ("two_up",)}, 0.6, 0.9)
    assert [(s.image.name, s.labels[0].name) for s in checked.samples] == [
        ("0.png", "palm"),
        ("1.png", "two_up"),
        ("4.png", "rock"),
    ]
    assert (checked.confirmed, checked.renamed, checked.unclear) == (1, 2, 2)


def test_a_hand_that_was_not_found_leaves_the_photo_out() -> None:
    sample = Sample(Path("a.png"), (Label("ok", (0.3, 0.3, 0.2, 0.2)), Label("ok", (0.7, 0.7, 0.2, 0.2))))
    hands = LabelledHands(np.zeros((2, 21, 3)), np.array([True, False]), labels_of(["ok", "ok"]), np.zeros(2, int))
    opinions = np.log(np.where(np.arange(19) == GESTURES.index("ok"), 0.99, 1e-3))[None].repeat(2, axis=0)
    assert check_labels([sample], hands, opinions, {}, 0.6, 0.9).samples == []


def green_sample(folder: Path) -> Sample:
    image = np.zeros((80, 80, 3), np.uint8)
    image[:] = (60, 180, 70)
    image[:10] = 0
    draw_hand(image, fake_hand("palm", np.random.default_rng(0)), (40, 45), 40)
    cv2.imwrite(str(folder / "green.png"), image[:, :, ::-1])
    return Sample(folder / "green.png", (Label("rock", (0.5, 45 / 80, 0.5, 0.5)),))


def test_cut_out_takes_the_hand_and_not_the_screen(tmp_path: Path) -> None:
    image = read_rgb(green_sample(tmp_path).image)
    alpha = cut_out(image)
    assert alpha[:12].max() == 0
    assert alpha[20:, :8].max() == 0
    hand = (image == (190, 140, 110)).all(axis=2)
    assert alpha[hand].mean() > 3 * alpha[~hand].mean()


def test_composites_keep_both_labels_apart(tmp_path: Path) -> None:
    scene = read_yolo_folder(write_fake_gestures(tmp_path / "set", gestures=("ok",)), "train").samples[0]
    scene = Sample(scene.image, (Label("ok", (0.1, 0.1, 0.1, 0.1)),))
    before = read_rgb(scene.image)
    found = composite(green_sample(tmp_path), scene, np.random.default_rng(1))
    assert found is not None
    image, (old, new) = found
    assert (old, new.name) == (scene.labels[0], "rock")
    changed = (image != before).any(axis=2)
    x0, y0, x1, y1 = (round(value) for value in new.pixels(96, 96))
    assert changed[y0:y1, x0:x1].any()
    changed[y0:y1, x0:x1] = False
    assert not changed.any()


def test_there_may_be_no_room(tmp_path: Path) -> None:
    scene = read_yolo_folder(write_fake_gestures(tmp_path / "set", gestures=("ok",)), "train").samples[0]
    full = Sample(scene.image, (Label("ok", (0.5, 0.5, 1.0, 1.0)),))
    assert composite(green_sample(tmp_path), full, np.random.default_rng(1)) is None


def test_the_training_folder_links_and_repeats(tmp_path: Path) -> None:
    data = read_yolo_folder(write_fake_gestures(tmp_path / "set", gestures=("ok", "palm")), "train")
    folder = TrainingFolder(tmp_path / "photos")
    folder.link("train", data.samples[0], repeat=3)
    folder.link("val", data.samples[1])
    folder.write("train", read_rgb(data.samples[0].image), data.samples[0].labels)
    content = yaml.safe_load(folder.finish().read_text())
    train = (tmp_path / "photos" / content["train"]).read_text().split()
    assert len(train) == 4
    assert len(set(train)) == 2
    assert np.array_equal(read_rgb(Path(train[0])), read_rgb(data.samples[0].image))
    label = Path(train[0].replace("/images/", "/labels/")).with_suffix(".txt")
    assert label.read_text().startswith(f"{GESTURES.index('ok')} ")


def test_exponents_soften_what_is_too_sure_and_sharpen_what_is_not() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 19, 400)
    said = np.where(rng.random(400) < 0.6, labels, (labels + 1) % 19)
    for claimed, expected in ((0.99, (0.1, 0.9)), (0.2, (1.1, 2.0))):
        logs = np.log(np.full((400, 19), (1 - claimed) / 18))
        logs[np.arange(400), said] = np.log(claimed)
        assert expected[0] <= best_exponent(logs, labels) <= expected[1]
    assert best_exponent(np.zeros((0, 19)), np.zeros(0, int)) == 1.0


def test_a_detector_that_guesses_is_not_listened_to() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 19, 60)
    knows = np.log(np.where(np.arange(19) == labels[:, None], 0.9, 0.1 / 18))
    guesses = np.log(rng.dirichlet(np.ones(19) * 0.2, 60) + 1e-6)
    found = np.ones(60, bool)
    merge = fit_merge(Opinions(knows, found), Opinions(guesses[:20], found[:20]), labels, range(20))
    assert merge.detector < 0.3
    assert merge.skeleton == merge.skeleton_alone > 0.9


def test_the_shipped_config_is_sound() -> None:
    settings = load_config(GestureTraining, shipped("gesture/train.yaml"))
    assert settings.test is not None
    assert [(entry.folder, entry.split) for entry in settings.sets].count(("hagrid_mini", "val")) == 0
    assert {name for names in settings.alike.values() for name in names} <= set(GESTURES)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environment: None) -> Path:
    """A config over two fictitious sets for the shortest of trainings."""
    pytest.importorskip("ultralytics")
    samples: tuple[Sample, ...] = ()
    for number, name in enumerate(("first", "second")):
        data = write_fake_gestures(tmp_path / name, per_class=3, size=64, gestures=SIGNS, seed=number)
        samples += read_yolo_folder(data, "train").samples
    fake_tracker(monkeypatch, samples)
    content = {
        "sets": [{"folder": "first", "labels": "trusted"}, {"folder": "second", "labels": "loose"}],
        "held_out": 1,
        "keep_at": 0.0,
        "skeleton": {"epochs": 30, "folds": 2, "copies": 1},
        "rendered": {"photos": 2, "size": 64, "workers": 1},
        "detector": {
            "before": [{"image_size": 32, "epochs": 2, "batch": 8}, {"image_size": 64, "epochs": 2, "share": 0.5}],
            **{"image_size": 64, "epochs": 2, "batch": 8, "freeze": 0, "close_mosaic": 0, "bfloat16": True},
        },
        "test": {"folder": "first", "split": "val"},
    }
    path = tmp_path / "train.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


@pytest.mark.slow
def test_training_goes_on_after_a_kill_and_ends_in_weights_with_cards(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    set_offline(out / "settings")
    kill_after_the_first_epoch(monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        train_gesture(run, None, out)
    monkeypatch.undo()
    fake_tracker(monkeypatch, ())
    report = train_gesture(run, tmp_path, out)
    for course in ("detector-1", "detector-2", "detector"):
        rows = (out / course / "results.csv").read_text().splitlines()
        assert [row.split(",")[0].strip() for row in rows[1:]] == ["1", "2"]
    assert report["labels"]["rendered"] == {"photos": 2}
    assert report["held_out"]["boxes"] == len(SIGNS)
    assert report["test"]["images"] == 12
    detector = HandDetector(str(out / "gesture-detector.onnx"))
    assert detector.card.meta["merge"] == report["merge"]
    assert set(detector.card.figures) == {"training", "test_detector", "test_both"}
    load_skeleton(str(out / "gesture-skeleton.safetensors"))
    assert weights.read_card(out / "gesture-skeleton.json").data[0]["name"] == "first/train"
    assert json.loads((out / "report.json").read_text()) == report
    assert train_gesture(run, None, out, ["test=null"])["merge"] == report["merge"]
    with pytest.raises(UsageError, match="another config"):
        train_gesture(run, None, out, ["detector.epochs=3"])


def test_the_second_course_goes_on_from_the_first(run: Path, tmp_path: Path) -> None:
    set_offline(tmp_path / "out/settings")
    folder = TrainingFolder(tmp_path / "photos")
    for sample in read_yolo_folder(tmp_path / "first", "train").samples:
        folder.link("train", sample)
        folder.link("val", sample)
    data = folder.finish()
    config = DetectorTraining(image_size=64, epochs=1, batch=8, freeze=0, learning_rate=1e-9, warmup_epochs=0)
    config = config.model_copy(update={"before": (Course(image_size=32, epochs=1, batch=8),)})
    last = checkpoint_network(train_detector(config, data, tmp_path / "out/run", tmp_path)).state_dict()
    first = checkpoint_network(tmp_path / "out/run-1/weights/last.pt").state_dict()
    weights_of = [name for name in first if name.endswith("conv.weight")]
    assert weights_of
    assert all(torch.allclose(first[name], last[name], atol=1e-3) for name in weights_of)


def test_a_share_of_the_photos_is_drawn_once(run: Path, tmp_path: Path) -> None:
    folder = TrainingFolder(tmp_path / "photos")
    for sample in read_yolo_folder(tmp_path / "first", "train").samples:
        folder.link("train", sample, repeat=2)
    data = folder.finish()
    assert _part_of(data, 1.0, 0) == data
    part = _part_of(data, 0.25, 3)
    drawn = (part.parent / yaml.safe_load(part.read_text())["train"]).read_text().split()
    whole = (tmp_path / "photos/train.txt").read_text().split()
    assert len(drawn) == round(len(whole) / 4)
    assert not Counter(drawn) - Counter(whole)
    assert part.read_text() == _part_of(data, 0.25, 3).read_text()
    assert drawn != (_part_of(data, 0.25, 4).parent / "part-0.25-4.txt").read_text().split()


def test_bfloat16_gives_nearly_the_same_loss(tmp_path: Path, environment: None) -> None:
    pytest.importorskip("ultralytics")
    set_offline(tmp_path)
    from ultralytics.cfg import get_cfg

    from multimodal.training.quick_detection import QuickDetection

    torch.manual_seed(0)
    network = build_network("gesture/veilspeak_yolo_n.yaml").train()
    network.args = get_cfg()
    batch = {"img": torch.rand(4, 3, 64, 64), "batch_idx": torch.arange(4.0), "cls": torch.arange(4.0)[:, None]}
    batch["bboxes"] = torch.tensor([[0.5, 0.5, 0.4, 0.6]]).repeat(4, 1)
    exact = network.loss(batch)[0].sum()
    network.__class__ = QuickDetection
    quick = network.loss(batch)[0].sum()
    assert quick.dtype == torch.float32
    assert quick != exact
    assert torch.allclose(quick, exact, rtol=0.05)
    quick.backward()
    assert all(weight.grad is not None and weight.dtype == torch.float32 for weight in network.parameters()
               if weight.requires_grad)  # fmt: skip


def kill_after_the_first_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    from ultralytics.engine.trainer import BaseTrainer

    original = BaseTrainer.save_model

    def save_and_die(self: BaseTrainer) -> None:
        original(self)
        raise KeyboardInterrupt

    monkeypatch.setattr(BaseTrainer, "save_model", save_and_die)


def test_starting_tensors_that_are_missing(run: Path, tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="starting tensors"):
        train_gesture(run, None, tmp_path / "out", ["detector.start=nowhere.safetensors"])


def test_unsound_data_stop_before_training(run: Path, tmp_path: Path) -> None:
    (tmp_path / "first/labels/train/ok_001.txt").write_text("77 .5 .5 .1 .1\n")
    with pytest.raises(UsageError, match="unknown class: 1"):
        train_gesture(run, None, tmp_path / "out")


def test_all_sets_are_told_before_any_hand_is_looked_for(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = fake_tracker(monkeypatch, ())
    (tmp_path / "first/labels/train/ok_001.txt").write_text("3 .95 .5 .2 .2\n")
    (tmp_path / "second/images/train/ok_002.png").unlink()
    (tmp_path / "second/images/train/like_002.png").write_text("no picture")
    with pytest.raises(UsageError) as told:
        train_gesture(run, None, tmp_path / "out")
    for part in ("first", "outside the picture: 1", "second", "missing image: 1", "cannot be decoded: 1"):
        assert part in str(told.value)
    assert calls == []


def test_a_set_with_foreign_names(run: Path, tmp_path: Path) -> None:
    data = tmp_path / "second/data.yaml"
    data.write_text(data.read_text().replace("palm", "hello"))
    with pytest.raises(UsageError, match=r"unknown gestures 'hello' \(3 boxes\)"):
        train_gesture(run, None, tmp_path / "out")


def test_one_set_must_be_trusted(run: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="exactly one"):
        train_gesture(run, None, tmp_path / "out", ["sets=[{folder: first}]"])
