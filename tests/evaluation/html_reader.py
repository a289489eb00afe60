"""Reads a page with the standard library, refuses tags that are not closed, and tells what it holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "link", "img", "br", "hr", "input", "col", "base", "source", "wbr"}


@dataclass
class Element:
    tag: str
    attributes: dict[str, str]
    parent: Element | None = None
    children: list[Element] = field(default_factory=list)
    pieces: list[str | Element] = field(default_factory=list)

    def all(self, tag: str) -> list[Element]:
        return [found for child in self.children for found in ([child] if child.tag == tag else []) + child.all(tag)]

    def walk(self) -> list[Element]:
        return [self, *(found for child in self.children for found in child.walk())]

    @property
    def text(self) -> str:
        raw = "".join(piece if isinstance(piece, str) else f" {piece.text} " for piece in self.pieces)
        return " ".join(raw.split())

    @property
    def values(self) -> list[float]:
        return [float(found.attributes["value"]) for found in self.all("data")]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open = [Element("", {})]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(set(names)) == len(names), f"an attribute stands twice in <{tag}> at {self.getpos()}"
        element = Element(tag, {name: value or "" for name, value in attrs}, self.open[-1])
        self.open[-1].children.append(element)
        self.open[-1].pieces.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open[-1].tag == tag, f"</{tag}> closes <{self.open[-1].tag}> at {self.getpos()}"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.open[-1].pieces.append(data)


def read_page(content: str) -> Element:
    """Return the page's elements; AssertionError where a tag is not closed, or closed by another."""
    reader = _Reader()
    reader.feed(content)
    reader.close()
    assert len(reader.open) == 1, f"not closed: {[element.tag for element in reader.open[1:]]}"
    return reader.open[0]


def table(page: Element, caption: str) -> dict[str, dict[str, Element]]:
    """Return cells by row heading and column name, of the only table whose caption begins so."""
    found = [one for one in page.all("table") if one.all("caption")[0].text.startswith(caption)]
    assert len(found) == 1, f"{len(found)} tables with the caption {caption!r}"
    names = [cell.text for cell in found[0].all("thead")[0].all("tr")[-1].children][1:]
    rows = found[0].all("tbody")[0].all("tr")
    return {row.children[0].text: dict(zip(names, row.children[1:], strict=True)) for row in rows}


def section(page: Element, heading: str) -> str:
    """Return the text between the only heading of that name and the next one."""
    flat = [element for element in page.walk() if element.tag in ("h2", "h3")]
    start = [element for element in flat if element.text == heading]
    assert len(start) == 1, f"{len(start)} headings {heading!r}"
    siblings = start[0].parent.children if start[0].parent else []
    rest = siblings[[child is start[0] for child in siblings].index(True) + 1 :]
    texts = []
    for child in rest:
        if child.tag in ("h2", "h3"):
            break
        texts.append(child.text)
    return " ".join(texts)
