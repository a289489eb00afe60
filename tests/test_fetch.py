"""Files by a manifest, from a server on this machine: checked, gone on with, and refused."""

from __future__ import annotations

import hashlib
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar

import pytest
from test_demo import check_refusal, veilspeak

from multimodal.errors import UsageError, VeilspeakError
from multimodal.fetch import Manifest, OnlyHttps, Opener, fetch, read_manifest, report

CONTENT = bytes(range(256)) * 40


class Handler(BaseHTTPRequestHandler):
    asked: ClassVar[list[str | None]] = []

    def do_GET(self) -> None:
        self.asked.append(self.headers["Range"])
        if "none" in self.path:
            return self.send_error(404)
        start = int((self.headers["Range"] or "bytes=0-")[6:-1])
        self.send_response(206 if start else 200)
        self.end_headers()
        self.wfile.write(CONTENT[start:] * (2 if "long" in self.path else 1))

    def log_message(self, *words: Any) -> None:
        pass


@pytest.fixture
def opener(socket_enabled: None) -> Iterator[Opener]:
    """Takes requests for https://weights.test to a server on this machine."""
    Handler.asked = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    straight = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def opened(request: urllib.request.Request) -> Any:
        url = request.full_url.replace("https://weights.test", f"http://127.0.0.1:{server.server_port}")
        return straight.open(urllib.request.Request(url, headers=dict(request.header_items())), timeout=10)

    yield opened
    server.shutdown()
    server.server_close()


def entry(**changed: Any) -> dict[str, Any]:
    about = {"name": "a.onnx", "url": "https://weights.test/a.onnx", "bytes": len(CONTENT), "licence": "MIT"}
    return {**about, "sha256": hashlib.sha256(CONTENT).hexdigest(), "source": "somebody", **changed}


def manifest(**changed: Any) -> Manifest:
    return Manifest(files=[entry(**changed)])


def test_a_file_is_fetched_once(opener: Opener, tmp_path: Path) -> None:
    first, second = (fetch(manifest(), tmp_path / "out", opener) for _ in range(2))
    assert (tmp_path / "out/a.onnx").read_bytes() == CONTENT
    assert [row["fetched"] for row in first["files"] + second["files"]] == [True, False]
    assert Handler.asked == [None]
    assert "MIT, somebody" in report(first)


def test_what_was_begun_goes_on(opener: Opener, tmp_path: Path) -> None:
    (tmp_path / "a.onnx.part").write_bytes(CONTENT[:1000])
    fetch(manifest(), tmp_path, opener)
    assert Handler.asked == ["bytes=1000-"]
    assert (tmp_path / "a.onnx").read_bytes() == CONTENT
    assert [path.name for path in tmp_path.iterdir()] == ["a.onnx"]


@pytest.mark.parametrize("changed", [{"sha256": "0" * 64}, {"url": "https://weights.test/long"}])
def test_another_file_than_promised_gets_no_name(opener: Opener, tmp_path: Path, changed: dict[str, Any]) -> None:
    with pytest.raises(VeilspeakError, match="not the file of the manifest"):
        fetch(manifest(**changed), tmp_path, opener)
    assert list(tmp_path.iterdir()) == []


def test_a_cut_connection_keeps_the_part(opener: Opener, tmp_path: Path) -> None:
    with pytest.raises(VeilspeakError, match=r"only 10240 of 10241 bytes came: run it again"):
        fetch(manifest(bytes=len(CONTENT) + 1), tmp_path, opener)
    assert (tmp_path / "a.onnx.part").read_bytes() == CONTENT


def test_what_the_server_says_is_told(opener: Opener, tmp_path: Path) -> None:
    with pytest.raises(VeilspeakError, match=r"weights\.test answers 404"):
        fetch(manifest(url="https://weights.test/none"), tmp_path, opener)


def test_offline_is_one_line(tmp_path: Path) -> None:
    def away(request: urllib.request.Request) -> Any:
        raise urllib.error.URLError("no route to host")

    with pytest.raises(VeilspeakError, match=r"weights\.test cannot be reached \(no route to host\): run it again"):
        fetch(manifest(), tmp_path, away)


def test_another_file_of_that_name_stays(tmp_path: Path) -> None:
    (tmp_path / "a.onnx").write_bytes(b"mine")
    with pytest.raises(UsageError, match="move it away"):
        fetch(manifest(), tmp_path, lambda request: pytest.fail("nothing is to be asked"))
    assert (tmp_path / "a.onnx").read_bytes() == b"mine"


def test_redirects_stay_with_https() -> None:
    request, follow = urllib.request.Request("https://weights.test/a"), OnlyHttps().redirect_request
    assert follow(request, None, 302, "", {}, "https://other.test/a").full_url == "https://other.test/a"
    for url in ("http://weights.test/a", "ftp://weights.test/a"):
        with pytest.raises(urllib.error.URLError, match="not https"):
            follow(request, None, 302, "", {}, url)


@pytest.mark.parametrize(
    "changed",
    [{"url": "http://weights.test/a"}, {"url": "file:///a"}, {"name": "../a.onnx"}, {"name": "a.pt"}, {"sha256": "12"}],
)
def test_wrong_manifests_are_refused(tmp_path: Path, changed: dict[str, str]) -> None:
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps({"files": [entry(**changed)]}))
    with pytest.raises(UsageError, match=next(iter(changed))):
        read_manifest(path)


def test_a_name_is_given_once(tmp_path: Path) -> None:
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps({"files": [entry(), entry()]}))
    with pytest.raises(UsageError, match="two files"):
        read_manifest(path)


def test_the_command_line_wants_a_manifest_for_fetch_and_for_fetch_alone(tmp_path: Path) -> None:
    check_refusal(veilspeak(tmp_path, "models", "fetch"), 2, "--manifest")
    check_refusal(veilspeak(tmp_path, "models", "list", "--manifest", "a.json"), 2, "fetch")
