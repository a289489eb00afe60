"""The page of the command line is that of the code, and completion knows the verbs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from multimodal.reference import reference_page

PAGE = Path(__file__).parents[1] / "docs" / "reference.md"


def test_the_page_is_that_of_the_code() -> None:
    assert PAGE.read_text(encoding="utf-8") == reference_page(), (
        "write it anew: python -m multimodal.reference > docs/reference.md"
    )


def test_it_holds_verbs_options_choices_and_defaults() -> None:
    page = reference_page()
    for words in ("## benchmark", "`veilspeak export NAME --out OUT [options]`", "| `--int8` |", "csv, jsonl, parquet"):
        assert words in page
    assert "One of list, verify, fetch." in page
    assert "Default: `out/predict`." in page


def complete(words: str) -> list[str]:
    """Return what bash is offered after these words."""
    told = {"_VEILSPEAK_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(len(words.split()))}
    code = "import sys; sys.argv[0] = 'veilspeak'; import cli; cli.app(prog_name='veilspeak')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, **told})
    return done.stdout.split()


def test_completion_offers_verbs_and_choices() -> None:
    assert {"demo", "predict", "export", "benchmark"} <= set(complete("veilspeak "))
    assert complete("veilspeak models ") == ["list", "verify", "fetch"]
