"""The page in real Chromium: camera, captions, voice, reload, lost socket, second tab, keyboard, what is missing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake_faces import write_video
from serve.browser import DENIED, EARS, PATIENCE_MS, browser, until
from serve.pages import TOKEN, shade
from serve.site import Site, site

pytestmark = [pytest.mark.enable_socket, pytest.mark.slow, pytest.mark.timeout(180)]

CAPTION = "document.querySelector('#caption').textContent === 'All right.'"


@contextmanager
def listening(chromium: Any, here: Site) -> Iterator[Any]:
    """Open the page with ears."""
    context = chromium.new_context()
    context.set_default_timeout(PATIENCE_MS)
    context.add_init_script(EARS)
    page = context.new_page()
    page.goto(here.address)
    page.wait_for_selector("#link[data-open=true]")
    yield page
    context.close()


def see(page: Any) -> None:
    """Wait for the caption of the sign."""
    until(page, CAPTION)


def test_a_sign_is_captioned_spoken_drawn_and_remembered(page: Any) -> None:
    page.click("#camera")
    see(page)
    until(page, "document.querySelector('#sound').hidden && document.querySelectorAll('#history li').length")
    assert "All right." in page.inner_text("#history li")
    assert "sign: ok" in page.inner_text("#seen")
    assert drawn(page)


def test_the_voice_sounds(chromium: Any, here: Site) -> None:
    with listening(chromium, here) as page:
        page.click("#camera")
        until(page, "window.loudest > 0.01")
        assert page.evaluate("window.context.state") == "running"


def test_escape_stops_the_voice(chromium: Any, here: Site) -> None:
    with listening(chromium, here) as page:
        page.click("#camera")
        until(page, "window.sounding === 1")
        page.keyboard.press("Escape")
        until(page, "window.sounding === 0", 500)


def test_a_reload_reads_again(page: Any) -> None:
    page.click("#camera")
    see(page)
    page.reload()
    page.wait_for_selector("#link[data-open=true]")
    page.click("#camera")
    see(page)


def test_a_lost_socket_comes_back_by_itself(page: Any, here: Site) -> None:
    page.click("#camera")
    see(page)
    here.end()
    page.wait_for_selector("#link[data-open=false]")
    assert "Trying again" in page.inner_text("#link")
    until(page, "document.querySelector('#caption').textContent === ''")
    here.begin()
    page.wait_for_selector("#link[data-open=true]")
    see(page)


def test_a_second_tab_takes_the_camera_and_the_first_takes_it_back(page: Any, here: Site) -> None:
    page.click("#camera")
    see(page)
    second = page.context.new_page()
    second.goto(here.address)
    second.wait_for_selector("#link[data-open=true]")
    second.click("#camera")
    see(second)
    page.bring_to_front()
    page.wait_for_selector("#alert-taken")
    assert page.inner_text("#camera") == "Start camera"
    page.click("#alert-taken button")
    see(page)
    second.bring_to_front()
    second.wait_for_selector("#alert-taken")


def test_a_camera_that_is_not_allowed_is_told_plainly(driver: Any, camera: Path, here: Site) -> None:
    with browser(driver, camera, DENIED) as running:
        page = running.new_page()
        page.goto(here.address)
        page.click("#camera")
        assert "The camera is not allowed" in page.inner_text("#alert-camera")
        assert page.inner_text("#alert-camera button") == "Try again"


@pytest.mark.parametrize(
    ("missing", "said"),
    [("WebSocket", "no WebSocket"), ("AudioContext", "cannot play sound"), ("MediaDevices", "no camera")],
)
def test_a_browser_that_lacks_something_is_told_what(chromium: Any, here: Site, missing: str, said: str) -> None:
    context = chromium.new_context()
    context.add_init_script(f"delete window.{missing}; delete window.webkit{missing};")
    if missing == "MediaDevices":
        context.add_init_script("Object.defineProperty(navigator, 'mediaDevices', {value: undefined})")
    page = context.new_page()
    page.goto(here.address)
    page.click("#camera")
    page.wait_for_selector("#alerts .alert")
    assert said in page.inner_text("#alerts")
    context.close()


def test_without_a_voice_captions_go_on(chromium: Any, here: Site) -> None:
    context = chromium.new_context()
    context.add_init_script("delete window.AudioContext; delete window.webkitAudioContext;")
    page = context.new_page()
    page.goto(here.address)
    page.click("#camera")
    see(page)
    context.close()


def test_the_keyboard_alone_does_everything(page: Any) -> None:
    order = []
    until(page, "document.querySelector('#sign-ok') !== null")  # the last that Tab comes to
    page.locator("body").focus()
    for _ in range(14):
        page.keyboard.press("Tab")
        order.append(page.evaluate("document.activeElement.id || document.activeElement.className"))
    wanted = ["skip", "theme", "stop", "camera", "again", "mute", "mirror", "which", "file"]
    assert [name for name in order if name in wanted] == wanted
    page.focus("#camera")
    page.keyboard.press("Enter")
    see(page)
    page.keyboard.press("Escape")
    assert page.inner_text("#caption") == ""
    page.focus("#sign-ok summary")
    page.keyboard.press("Enter")
    page.focus("#ok-none")
    page.keyboard.press("Control+A")
    page.keyboard.type("Tea, please.")
    page.keyboard.press("Enter")
    until(page, "document.querySelector('#caption').textContent === 'Tea, please.'")


def test_a_fault_in_a_sentence_is_told_beside_it(page: Any, here: Site) -> None:
    page.click("#sign-ok summary")
    page.fill("#ok-none", "")
    page.click("#sign-ok button[type=submit]")
    until(page, "document.querySelector('#ok-none-error').textContent !== ''")
    assert page.get_attribute("#ok-none", "aria-invalid") == "true"
    assert page.evaluate("document.activeElement.id") == "ok-none"
    assert not here.words.path.exists()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("notes.txt", b"hello", "not taken"),
        ("clip.mp4", b"hello", "cannot be read as a video"),
        ("none.mp4", b"", "empty"),
    ],
)
def test_a_clip_that_cannot_be_read_is_told(page: Any, tmp_path: Path, name: str, content: bytes, said: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    page.set_input_files("#file", path)
    until(page, f"document.querySelector('#clip-state').textContent.toLowerCase().includes('{said}')")
    assert page.inner_text("#camera") == "Start camera"


def test_a_clip_is_shown_and_read(page: Any, tmp_path: Path) -> None:
    frames = [np.full((240, 320, 3), shade("ok"), np.uint8)] * 45
    page.set_input_files("#file", write_video(tmp_path / "clip.mp4", frames, fps=30))
    page.wait_for_selector("#picture:not([hidden])")
    see(page)
    until(page, "document.querySelector('#clip-state').textContent.includes('45 pictures')")


def test_another_site_reads_nothing_and_opens_no_socket(page: Any, chromium: Any, here: Site, tmp_path: Path) -> None:
    page.click("#camera")
    with site(tmp_path / "other") as other:
        context = chromium.new_context(bypass_csp=True)
        evil = context.new_page()
        evil.goto(other.address)
        asked = f"http://127.0.0.1:{here.port}/lexicon?token={TOKEN}"
        assert evil.evaluate(f"fetch('{asked}').then(() => 'read', () => 'refused')") == "refused"
        opened = f"""new Promise((done) => {{
            const socket = new WebSocket('ws://127.0.0.1:{here.port}/stream?token={TOKEN}');
            socket.onopen = () => done('open');
            socket.onerror = () => done('refused');
        }})"""
        assert evil.evaluate(opened) == "refused"
        context.close()
    see(page)


def drawn(page: Any) -> bool:
    """Return whether anything is drawn over the picture."""
    return page.evaluate("""() => {
        const canvas = document.querySelector('#overlay');
        return canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some((value) => value);
    }""")
