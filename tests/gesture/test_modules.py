from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("ultralytics")
    return tmp_path_factory.mktemp("detector")


@pytest.fixture(scope="module")
def network(home: Path):
    from multimodal.training.gesture_detector import build_network, set_offline

    before = dict(os.environ)
    set_offline(home / "settings")
    torch.manual_seed(0)
    yield build_network("gesture/veilspeak_yolo_n.yaml")
    os.environ.clear()
    os.environ.update(before)


def test_the_blocks_keep_channels_and_halve_maps(network: object) -> None:
    from multimodal.gesture.modules import EfficientDown, ResidualDense, ResidualLite

    x = torch.rand(2, 16, 12, 20)
    assert ResidualLite(16, 2)(x).shape == ResidualDense(16, 2)(x).shape == x.shape
    assert EfficientDown(16)(x).shape == (2, 16, 6, 10)


def test_dense_and_lite_differ_in_the_middle_alone(network: object) -> None:
    from multimodal.gesture.modules import ResidualDense, ResidualLite

    lite, dense = (
        [tuple(conv.conv.weight.shape) for conv in kind(16).blocks[0]] for kind in (ResidualLite, ResidualDense)
    )
    assert lite == [(8, 16, 1, 1), (8, 1, 3, 3), (16, 8, 1, 1)]
    assert dense == [(8, 16, 1, 1), (8, 8, 3, 3), (16, 8, 1, 1)]


@pytest.mark.parametrize("name", ["ResidualLite", "ResidualDense"])
def test_a_residual_block_of_nothing_is_the_identity(network: object, name: str) -> None:
    from multimodal.gesture import modules

    block = getattr(modules, name)(8, 3).eval()
    for inner in block.blocks:
        torch.nn.init.zeros_(inner[-1].conv.weight)
    x = torch.rand(1, 8, 4, 4)
    expected = x
    for _ in range(3):
        expected = torch.nn.functional.silu(expected)
    assert torch.allclose(block(x), expected, atol=1e-6)


def test_the_yaml_gives_a_small_detector(network: torch.nn.Module) -> None:
    names = [type(layer).__name__ for layer in network.model]
    assert {"ResidualDense", "EfficientDown", "Detect"} <= set(names)
    assert sum(p.numel() for p in network.parameters()) <= 2_500_000
    assert network.stride.tolist() == [8, 16, 32]


def test_onnx_and_our_decoding_agree_with_torch(network: torch.nn.Module, home: Path) -> None:
    from fake_detector import write_detector_card

    from multimodal.gesture.detector import HandDetector, decode, letterbox
    from multimodal.training.gesture_detector import export_network

    path = home / "random.onnx"
    export_network(network, path, 64)
    write_detector_card(path)
    detector = HandDetector(str(path), threshold=0.0)
    image = np.random.default_rng(0).integers(0, 255, (50, 90, 3), dtype=np.uint8)
    planes, scale, offset = letterbox(image, 64)
    with torch.no_grad():
        output = network.eval()(torch.from_numpy(planes))
    output = (output[0] if isinstance(output, (tuple, list)) else output)[0].numpy()
    boxes, scores = decode(output, 0.0, detector.overlap)
    found = detector.find(image)
    assert len(found) == len(boxes) > 0
    assert np.allclose([d.scores for d in found], scores, atol=2e-3)  # the file's weights are float16
    edge = np.array([90, 50, 90, 50])
    assert np.allclose([d.box for d in found], np.clip((boxes - np.tile(offset, 2)) / scale, 0, edge), atol=0.05)
