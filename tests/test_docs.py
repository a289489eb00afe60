"""What the documentation promises: links that lead somewhere, commands that exist, cards of the weights."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli import Evaluable, Inspection, Synthesizable, Trainable, app
from multimodal.weights.card_text import cards_page

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
LINK = re.compile(r"\[[^]]*\]\(([^)#\s]+)[^)]*\)")
COMMAND = re.compile(r"^ {4}veilspeak (.+?)(?: +#.*)?$", re.MULTILINE)
CHOICES = {"evaluate": Evaluable, "models": Inspection, "synth": Synthesizable, "train": Trainable}


def test_there_are_pages_to_look_at() -> None:
    assert {"README.md", "index.md", "fusion.md"} <= {page.name for page in PAGES}
    assert sum(len(COMMAND.findall(page.read_text())) for page in PAGES) > 20


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    links = [link for link in LINK.findall(page.read_text()) if "://" not in link]
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_exist_with_their_options(page: Path) -> None:
    for line in COMMAND.findall(page.read_text()):
        assert unknown_in(line) == [], line


@pytest.mark.parametrize(
    ("line", "unknown"),
    [
        ("demo --source 0", []),
        ("demo --sauce 0", ["--sauce"]),
        ("dmeo", ["dmeo"]),
        ("evaluate nonsense --data X", ["nonsense"]),
    ],
)
def test_the_check_of_commands_can_fail(line: str, unknown: list[str]) -> None:
    assert unknown_in(line) == unknown


def test_the_page_of_cards_is_that_of_the_weights() -> None:
    page = (ROOT / "docs" / "model-cards.md").read_text(encoding="utf-8")
    assert page == cards_page(), "write it anew: python -m multimodal.weights.card_text > docs/model-cards.md"


def unknown_in(line: str) -> list[str]:
    """Return the words of a command line that the program does not know: verb, options, words to choose from."""
    verb, *words = shlex.split(line)
    told = CliRunner().invoke(app, [verb, "--help"], env={"COLUMNS": "400", "TERM": "dumb"}, terminal_width=400)
    if told.exit_code != 0:
        return [verb]
    options = set(re.findall(r"--[a-z0-9-]+", told.output))
    wrong = [word for word in words if word.startswith("--") and word.partition("=")[0] not in options]
    return wrong + ([words[0]] if verb in CHOICES and words[0] not in list(CHOICES[verb]) else [])
