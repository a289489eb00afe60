"""Model cards as one page for people: ``python -m multimodal.weights.card_text > docs/model-cards.md``."""

from __future__ import annotations

from multimodal import weights
from multimodal.weights import Card

_HEAD = """# Model cards

Made from the cards beside the weights (`multimodal/weights/*.json`), which also hold every figure and setting:
`python -m multimodal.weights.card_text`. `veilspeak models verify` checks each file against its card.

The expression weights and the fusion head have seen nobody real; hands and visibility were learnt in part from public
photos. For all of them: they are aids, not judges. Tell people when they are read, let them say no, and let no decision
about a person hang on it.
"""


def cards_page() -> str:
    """Return all cards as Markdown."""
    return "\n".join([_HEAD, *(_section(weights.find(name)[1]) for name in weights.names())])


def _section(card: Card) -> str:
    rows = {
        "what": f"{card.kind}, `{card.file}`, {_parameters(card)}",
        "licence": card.licence,
        "learnt from": "; ".join(_source(entry) for entry in card.data),
        "for": card.intended,
        "**not for**": card.prohibited,
        "limits": card.limits,
        "made by": f"`{card.command}`",
    }
    table = "\n".join(f"| {name} | {' '.join(text.split())} |" for name, text in rows.items())
    return f"## {card.name}\n\n| | |\n|---|---|\n{table}\n"


def _parameters(card: Card) -> str:
    count = card.architecture.get("parameters")
    name = card.architecture.get("model", card.architecture.get("name"))
    return f"{name}, {count:,} parameters" if count else str(name)


def _source(entry: object) -> str:
    assert isinstance(entry, dict)
    said = f", {entry['attribution']}" if entry.get("attribution") else ""
    return f"{entry['name']} ({entry['licence']}{said})"


if __name__ == "__main__":
    print(cards_page(), end="")
