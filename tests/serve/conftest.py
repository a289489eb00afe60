"""What the tests in a browser share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from serve.browser import PATIENCE_MS, browser, write_y4m
from serve.pages import shade
from serve.site import Site, site


@pytest.fixture(scope="module")
def driver() -> Iterator[Any]:
    """Playwright, or a skip."""
    playwright = pytest.importorskip("playwright.sync_api", reason="no playwright: pip install playwright")
    with playwright.sync_playwright() as running:
        yield running


@pytest.fixture(scope="module")
def camera(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nothing for a second, then a sign for two."""
    signs = [None] * 30 + ["ok"] * 60
    frames = (np.full((240, 320, 3), shade(sign), np.uint8) for sign in signs)
    return write_y4m(tmp_path_factory.mktemp("camera") / "signs.y4m", frames)


@pytest.fixture(scope="module")
def chromium(driver: Any, camera: Path) -> Iterator[Any]:
    with browser(driver, camera) as running:
        yield running


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Site]:
    with site(tmp_path) as running:
        yield running


@pytest.fixture
def page(chromium: Any, here: Site) -> Iterator[Any]:
    """The opened page; whatever it writes to the console as an error fails the test."""
    context = chromium.new_context()
    context.set_default_timeout(PATIENCE_MS)
    opened, faults = context.new_page(), []
    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.goto(here.address)
    opened.wait_for_selector("#link[data-open=true]")
    yield opened
    context.close()
    assert faults == []
