"""Who is refused, and what every answer carries."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from serve.pages import HOST, ORIGIN, PORT, TOKEN, Served, served, show, start
from starlette.testclient import WebSocketDenialResponse
from starlette.websockets import WebSocketDisconnect

from multimodal.serve.app import STATIC


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("guard")) as running:
        yield running


def test_the_page_opens_with_its_token(here: Served) -> None:
    answer = here.client.get(f"/?token={TOKEN}")
    assert answer.status_code == 200
    assert "<title>veilspeak</title>" in answer.text


@pytest.mark.parametrize("query", ["", "?token=", "?token=wrong", f"?token={TOKEN}x", f"?token={TOKEN[:-1]}"])
def test_without_its_token_the_page_says_where_to_find_it(here: Served, query: str) -> None:
    answer = here.client.get(f"/{query}")
    assert answer.status_code == 403
    assert "terminal" in answer.text


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/state"), ("GET", "/lexicon"), ("PUT", "/lexicon/ok"), ("DELETE", "/lexicon/ok"), ("POST", "/clip")],
)
@pytest.mark.parametrize("given", [None, "Bearer wrong", TOKEN[:-1], b"Bearer \xff"])
def test_data_needs_the_token_in_its_header(here: Served, method: str, path: str, given: str | bytes | None) -> None:
    headers = [(b"origin", ORIGIN.encode())]
    if given is not None:
        headers.append((b"authorization", given if isinstance(given, bytes) else given.encode()))
    answer = here.client.request(method, f"{path}?token={TOKEN}", headers=headers)
    assert answer.status_code == 403


@pytest.mark.parametrize("host", ["evil.example", f"evil.example:{PORT}", "127.0.0.1:1", f"{HOST}.evil.example", ""])
def test_a_foreign_name_that_points_here_is_refused(here: Served, host: str) -> None:
    assert here.client.get(f"/?token={TOKEN}", headers={"host": host}).status_code == 421


@pytest.mark.parametrize("origin", ["http://evil.example", "null", f"https://{HOST}", "http://127.0.0.1:1", None])
def test_other_sites_change_nothing(here: Served, origin: str | None) -> None:
    headers = {"authorization": f"Bearer {TOKEN}"} | ({} if origin is None else {"origin": origin})
    assert here.client.put("/lexicon/ok", headers=headers, json={"sentences": {"none": "Evil."}}).status_code == 403
    assert not here.words.path.exists()


def test_other_sites_read_nothing(here: Served) -> None:
    headers = {"authorization": f"Bearer {TOKEN}"}
    assert here.client.get("/lexicon", headers=headers).status_code == 200
    assert here.client.get("/lexicon", headers=headers | {"origin": "http://evil.example"}).status_code == 403
    assert here.client.get("/lexicon", headers=headers | {"sec-fetch-site": "cross-site"}).status_code == 403
    assert here.client.get("/static/app.js", headers={"sec-fetch-site": "cross-site"}).status_code == 403


@pytest.mark.parametrize(
    "wrong",
    [{"token": "wrong"}, {"token": ""}, {"origin": "http://evil.example"}, {"origin": None}, {"host": "evil.example"}],
)
def test_a_socket_is_refused_while_the_stream_beside_goes_on(here: Served, wrong: dict[str, str]) -> None:
    with here.connect() as socket:
        start(socket)
        show(socket, "ok", 2)
        with pytest.raises((WebSocketDisconnect, WebSocketDenialResponse)), here.connect(**wrong):
            pass
        assert show(socket, "ok", 2, 100.0)[-1]["index"] == 3


@pytest.mark.parametrize(
    "path",
    ["/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py", "/static//etc/passwd", "/static/", "/none"],
)
def test_nothing_outside_the_static_folder_is_sent(here: Served, path: str) -> None:
    answer = here.client.get(path, headers={"authorization": f"Bearer {TOKEN}"})
    assert answer.status_code in (403, 404)
    assert "import" not in answer.text


@pytest.mark.parametrize("path", [f"/?token={TOKEN}", "/?token=wrong", "/static/app.js", "/static/none"])
def test_every_answer_carries_the_headers(here: Served, path: str) -> None:
    headers = here.client.get(path).headers
    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == policy["form-action"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert "camera=(self)" in headers["permissions-policy"]
    assert "microphone=()" in headers["permissions-policy"]


def test_the_page_asks_for_nothing_from_elsewhere(here: Served) -> None:
    names = [path.name for path in STATIC.iterdir() if path.suffix != ".html"]
    assert {"app.js", "style.css"} <= set(names)
    texts = [here.client.get(f"/?token={TOKEN}").text, *(here.client.get(f"/static/{name}").text for name in names)]
    foreign = [line for text in texts for line in text.splitlines() if "//" in line and "http" in line]
    assert [line for line in foreign if "127.0.0.1" not in line and "www.w3.org/2000/svg" not in line] == []
