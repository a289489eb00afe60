"""The page for everybody: axe-core finds nothing, and it holds at 400 % zoom."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from serve.browser import PATIENCE_MS, axe, until
from serve.site import Site

pytestmark = [pytest.mark.enable_socket, pytest.mark.slow, pytest.mark.timeout(180)]

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
NARROW = {"viewport": {"width": 320, "height": 256}, "device_scale_factor": 4}
"""1280 x 1024 at 400 % zoom, as WCAG 1.4.10 has it."""


def everything(page: Any) -> None:
    """Bring the page to where all is shown at once: a picture, a caption, the history, an alert, an open sign."""
    page.click("#camera")
    page.wait_for_selector("#history li")
    page.click("#sign-ok summary")
    page.fill("#ok-none", "")
    page.click("#sign-ok button[type=submit]")
    until(page, "document.querySelector('#ok-none-error').textContent !== ''")
    page.evaluate("import('/static/notes.js').then(({ note }) => note('test', 'Something is to be told.'))")
    page.wait_for_selector("#alert-test")


@pytest.fixture
def opened(chromium: Any, here: Site, request: pytest.FixtureRequest) -> Iterator[Any]:
    context = chromium.new_context(**request.param)
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    page.goto(here.address)
    page.wait_for_selector("#link[data-open=true]")
    page.wait_for_selector("#sign-ok")
    yield page
    context.close()


WAYS = [
    pytest.param({"color_scheme": "dark"}, id="dark"),
    pytest.param({"color_scheme": "light"}, id="light"),
    pytest.param({"color_scheme": "light", "forced_colors": "active"}, id="forced colours"),
    pytest.param(NARROW, id="400 percent"),
]


@pytest.mark.parametrize("opened", WAYS, indirect=True)
def test_axe_finds_nothing(opened: Any) -> None:
    source = axe()
    found = inspect(opened, source)
    everything(opened)
    assert found + inspect(opened, source) == []


@pytest.mark.parametrize("opened", [pytest.param(NARROW, id="400 percent")], indirect=True)
def test_at_400_percent_nothing_sticks_out_sideways(opened: Any) -> None:
    everything(opened)
    assert opened.evaluate("document.documentElement.scrollWidth") == 320
    out = """[...document.querySelectorAll("body *")].filter((element) => {
        const { left, right, width } = element.getBoundingClientRect();
        return width > 1 && right > 0 && (left < 0 || right > 320);
    }).map((element) => element.outerHTML.slice(0, 80))"""
    assert opened.evaluate(out) == []


@pytest.mark.parametrize("opened", WAYS, indirect=True)
def test_a_picture_of_the_page(opened: Any, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Take it for people to look at; ``--basetemp`` says where it stays."""
    everything(opened)
    path = tmp_path / "page.png"
    opened.screenshot(path=path, full_page=True)
    assert path.stat().st_size > 10_000


def inspect(page: Any, source: str) -> list[str]:
    """Return what axe-core finds: the rule and the place."""
    page.evaluate(source)
    found = page.evaluate("(tags) => axe.run(document, { runOnly: tags })", TAGS)
    return [f"{fault['id']}: {place['html']}" for fault in found["violations"] for place in fault["nodes"]]
