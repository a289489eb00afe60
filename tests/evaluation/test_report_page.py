from __future__ import annotations

import csv
import itertools
import json
import re
from pathlib import Path
from typing import Any

import pytest
from html_reader import Element, read_page, section, table
from report_example import NAMES, write_example

from multimodal.evaluation.report import write_report
from multimodal.results import REGIONS

HOSTILE = "<script>alert('x')</script>\"'&"
SHOWN = {"none": "clean"}


def page_of(folder: Path) -> Element:
    write_report(folder)
    return read_page((folder / "report.html").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any], Element]:
    folder = tmp_path_factory.mktemp("one")
    content = write_example(folder)
    return folder, content, page_of(folder)


def test_what_screen_readers_need_is_there(example: tuple[Path, dict[str, Any], Element]) -> None:
    page = example[2]
    assert page.all("html")[0].attributes["lang"] == "en"
    levels = [int(element.tag[1]) for element in page.walk() if re.fullmatch("h[1-6]", element.tag)]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    assert all(one.all("caption")[0].text for one in page.all("table"))
    assert all(cell.attributes["scope"] for cell in page.all("th"))
    for svg in page.all("svg"):
        named = svg.attributes.get("aria-label") or (svg.all("title") and svg.attributes.get("aria-labelledby"))
        assert named or svg.attributes.get("aria-hidden") == "true"
    ids = [element.attributes["id"] for element in page.walk() if "id" in element.attributes]
    assert len(set(ids)) == len(ids)
    targets = [link.attributes["href"].removeprefix("#") for link in page.all("a")]
    labels = " ".join(e.attributes["aria-labelledby"] for e in page.walk() if "aria-labelledby" in e.attributes).split()
    assert targets
    assert set(targets) | set(labels) <= set(ids)


def test_nothing_is_asked_for_from_outside(example: tuple[Path, dict[str, Any], Element]) -> None:
    folder, _, page = example
    policy = next(m for m in page.all("meta") if m.attributes.get("http-equiv") == "Content-Security-Policy")
    assert policy.attributes["content"] == "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    allowed = {"html", "head", "meta", "title", "style", "body", "header", "main", "footer", "nav", "section", "div"}
    allowed |= {"h1", "h2", "h3", "p", "ul", "li", "a", "dl", "dt", "dd", "figure", "figcaption", "details", "summary"}
    allowed |= {"table", "caption", "thead", "tbody", "tr", "th", "td", "b", "strong", "small", "span", "data", "code"}
    allowed |= {"svg", "g", "path", "circle", "polyline", "text", "desc"}
    assert {element.tag for element in page.walk()} - {""} <= allowed
    names = {name for element in page.walk() for name in element.attributes}
    assert not {name for name in names if name.startswith("on") or name in ("src", "srcset", "action", "xlink:href")}
    assert all(link.attributes["href"].startswith("#") for link in page.all("a"))
    content = (folder / "report.html").read_text(encoding="utf-8")
    assert not re.search(r"https?:|//|url\(|@import|javascript:", content, re.IGNORECASE)


def test_scores_by_cover_are_those_of_the_summary(example: tuple[Path, dict[str, Any], Element]) -> None:
    _, content, page = example
    rows = table(page, "Scores by what is before the face")
    columns = {"uar": "UAR", "accuracy": "Accuracy", "wf1": "Weighted F1", "uf1_sd": "SD of UF1 over seeds"}
    for condition in content["conditions"]:
        row = rows[SHOWN.get(condition["occlusion"], condition["occlusion"])]
        assert row["UF1"].values == [condition["uf1"], *condition["uf1_ci95"]]
        assert row["UF1"].text.split()[0] == f"{condition['uf1']:.3f}"
        assert row["Face covered"].text == f"{100 * condition['covered']:.0f} %"
        for key, column in columns.items():
            assert row[column].text == f"{condition[key]:.3f}"
        if condition["occlusion"] != "none":
            assert row["Difference to clean"].values == [condition["diff"], *condition["diff_ci95"]]
            assert row["Difference to clean"].text.startswith("−" if condition["diff"] < 0 else "+")


def test_data_sets_classes_and_matrices_are_those_of_the_summary(
    example: tuple[Path, dict[str, Any], Element],
) -> None:
    _, content, page = example
    sets, classes = table(page, "UF1 of each data set"), table(page, "F1 of each class")
    clean = content["conditions"][0]["by_dataset"]
    for condition in content["conditions"]:
        shown = SHOWN.get(condition["occlusion"], condition["occlusion"])
        for name, scores in condition["by_dataset"].items():
            values = sets[shown][f"{name} ({scores['clips']} clips)"].values
            assert (values[0], values[-1]) == (scores["uf1"], scores["uar"])
            if shown != "clean":
                assert values[1] == pytest.approx(scores["uf1"] - clean[name]["uf1"])
                assert values[2] < values[1] < values[3]
        for name, scores in condition["by_class"].items():
            cell = classes[shown][f"{name} ({scores['clips']} clips)"]
            assert cell.values == [scores["f1"], scores["recall"]]
        matrix = table(page, shown)
        counts = [[int(cell.all("b")[0].text) for cell in row.values()] for row in matrix.values()]
        assert counts == condition["confusion"]
        shares = [[int(cell.all("small")[0].text.split()[0]) for cell in row.values()] for row in matrix.values()]
        assert shares == [[int(f"{100 * n / sum(row):.0f}") for n in row] for row in counts]


def test_the_headline_tells_score_interval_and_worst_cover(example: tuple[Path, dict[str, Any], Element]) -> None:
    _, content, page = example
    text, clean = section(page, "In short"), content["conditions"][0]
    worst = min(content["conditions"], key=lambda condition: condition["diff"])
    low, high = clean["uf1_ci95"]
    assert f"UF1 {clean['uf1']:.3f} (95 % interval {low:.3f} to {high:.3f}) on 309 clips of 40 people" in re.sub(
        r" +([)])", r"\1", text
    )
    assert f"It loses most behind {worst['occlusion']}" in text
    assert f"{worst['diff']:.3f}".replace("-", "−") in text
    assert "Each person was left out of training once" in text


def test_wrong_figures_of_the_audit_are_marked(example: tuple[Path, dict[str, Any], Element]) -> None:
    _, content, page = example
    rows = table(page, "Leak audit")
    for key, begin, comparable in (
        ("honest", "Honest", "✓ yes"),
        ("best_epoch_on_test", "Wrong rule: the best epoch", "✗ not comparable"),
        ("mean_of_folds", "Wrong rule: the mean of the folds", "✗ not comparable"),
        ("mean_of_folds_best_epoch", "Both wrong rules", "✗ not comparable"),
        ("null_test", "Null test", "✓ a check, passed"),
    ):
        row = next(cells for name, cells in rows.items() if name.startswith(begin))
        assert row["UF1"].values == [content["audit"][key]["uf1"]]
        assert row["UAR"].values == [content["audit"][key]["uar"]]
        assert row["May be compared with other work"].text.startswith(comparable)
        marked = row["UF1"].parent is not None and row["UF1"].parent.attributes.get("class") == "marked"
        assert marked == ("not comparable" in comparable)


def test_a_null_test_that_scores_too_much_is_called_a_leak(tmp_path: Path) -> None:
    write_example(tmp_path, changes={"audit": {"null_test": {"uf1": 0.39, "uar": 0.4, "uf1_max": 0.41, "repeats": 2}}})
    rows = table(page_of(tmp_path), "Leak audit")
    verdict = next(row for name, row in rows.items() if name.startswith("Null test"))
    assert "something leaks" in verdict["May be compared with other work"].text
    honest = next(row for name, row in rows.items() if name.startswith("Honest"))
    assert honest["UF1"].text == "not measured"


def test_attention_is_drawn_for_every_region_and_condition(example: tuple[Path, dict[str, Any], Element]) -> None:
    page = example[2]
    faces = [svg for svg in page.all("svg") if svg.attributes.get("class") == "face"]
    rows = table(page, "Mean attention of each region")
    assert list(rows) == [region.replace("_", " ") for region in REGIONS]
    assert len(faces) == 6
    for face in faces:
        discs = [g for g in face.all("g") if g.attributes.get("class") == "disc"]
        assert len(discs) == len(REGIONS)
    masked = rows["mouth corner left"]["mask"].values
    assert masked[0] == pytest.approx(rows["mouth corner left"]["clean"].values[0] + masked[1])
    assert masked[1] < -0.5


def test_provenance_and_problems_stand_there(example: tuple[Path, dict[str, Any], Element]) -> None:
    _, content, page = example
    text = section(page, "Provenance")
    for key in ("command", "revision", "data_sha256", "date"):
        assert content["provenance"][key] in text
    assert "numpy 1.26.4" in text
    problems = table(page, "Problems met")
    assert {kind: row["How many"].text for kind, row in problems.items()} == {
        kind: str(count) for kind, count in content["problems"].items()
    }


def test_hostile_names_stay_text(tmp_path: Path) -> None:
    names = [HOSTILE + name for name in NAMES]
    model = '"><img src=x onerror=alert(1)>'
    changes = {
        "problems": {HOSTILE: 1},
        "protocol": HOSTILE,
        "provenance": {"command": HOSTILE, "config": {"a": HOSTILE}},
    }
    write_example(tmp_path, model, names=names, changes=changes)
    page = page_of(tmp_path)
    assert not page.all("script") + page.all("img")
    assert not [name for element in page.walk() for name in element.attributes if name.startswith("on")]
    assert all(name.startswith(HOSTILE) for name in table(page, "Worst clips, clean"))
    assert [element.text for element in page.all("h2")].count(model) == 1
    assert HOSTILE in table(page, "Problems met")


def test_what_was_not_measured_says_so(tmp_path: Path) -> None:
    bare = [{"occlusion": "none", "uf1": 0.5}, {"occlusion": "mask", "uf1": float("nan")}]
    gone = dict.fromkeys(("audit", "problems", "classes", "provenance", "subjects", "protocol"))
    write_example(tmp_path, changes={**gone, "conditions": bare})
    (tmp_path / "predictions.csv").unlink()
    page = page_of(tmp_path)
    for heading in ("Scores by data set", "Scores by class", "Confusion matrices", "Where the model looks"):
        assert section(page, heading).startswith("Not measured")
    for heading in ("Worst clips", "Leak audit", "Problems met", "Robustness: UF1 against covered share of the face"):
        assert section(page, heading).startswith("Not measured")
    rows = table(page, "Scores by what is before the face")
    assert {cell.text for cell in rows["mask"].values()} == {"not measured"}
    assert rows["clean"]["UF1"].text == "0.500 not measured"
    assert section(page, "Provenance").count("not measured") == 10
    assert "interval not measured" in section(page, "In short")


def test_what_the_runner_leaves_without_attention_or_problems(tmp_path: Path) -> None:
    write_example(tmp_path, attention=False, changes={"problems": {}})
    page = page_of(tmp_path)
    assert section(page, "Where the model looks").startswith("Not measured")
    assert section(page, "Problems met") == "None: sheets and files agreed."


def test_without_a_clean_condition_the_first_one_is_compared_with(tmp_path: Path) -> None:
    content = write_example(tmp_path)
    content["conditions"] = content["conditions"][1:]
    (tmp_path / "expression.json").write_text(json.dumps(content))
    (tmp_path / "predictions.csv").unlink()
    page = page_of(tmp_path)
    rows = table(page, "Scores by what is before the face")
    assert rows["block:0.1"]["Difference to block:0.1"].text == "–"
    assert section(page, "In short").startswith("Behind block:0.1")


def test_faces_lost_behind_a_cover_are_told(tmp_path: Path) -> None:
    content = write_example(tmp_path)
    content["conditions"][4]["lost"] = 7
    (tmp_path / "expression.json").write_text(json.dumps(content))
    rows = table(page_of(tmp_path), "Scores by what is before the face")
    assert rows["mask"]["Face covered"].text == "41 % no face in 7 clips"


def test_several_runs_stand_side_by_side(tmp_path: Path) -> None:
    contents = {
        name: write_example(tmp_path / name, name, skill, seed) for seed, (name, skill) in enumerate(RUNS.items())
    }
    (tmp_path / "empty").mkdir()
    page = page_of(tmp_path)
    rows = table(page, "UF1 of every run")
    assert sorted(rows) == sorted(RUNS)
    for name, content in contents.items():
        for condition in content["conditions"]:
            cell = rows[name][SHOWN.get(condition["occlusion"], condition["occlusion"])]
            assert cell.values == [condition["uf1"], *condition["uf1_ci95"]]
    best = max(contents, key=lambda name: contents[name]["conditions"][0]["uf1"])
    assert f"{best} is the highest of 3 runs" in section(page, "In short")
    assert "Careful" not in section(page, "In short")
    lines = [e for e in page.walk() if e.tag == "polyline"]
    assert len(lines) == 3
    assert len({e.parent.attributes["class"] for e in lines if e.parent}) == 3


RUNS = {"flow-logreg": 0.7, "example-net": 0.6, "majority": 0.2}


def test_runs_on_unequal_terms_are_not_compared_in_silence(tmp_path: Path) -> None:
    write_example(tmp_path / "a")
    write_example(tmp_path / "b", changes={"protocol": "kfold", "clips": 100})
    page = page_of(tmp_path)
    text = section(page, "In short")
    assert "the runs differ in their protocol" in text
    assert "the runs differ in their number of clips" in text
    assert {"example-net (a)", "example-net (b)"} == set(table(page, "UF1 of every run"))


def test_a_run_that_saw_the_test_clips_is_told_apart(tmp_path: Path) -> None:
    write_example(tmp_path / "astann", "astann", changes={"transductive": True})
    write_example(tmp_path / "ststnet", "ststnet", seed=1)
    page = page_of(tmp_path)
    text = section(page, "In short")
    assert "astann saw the test clips, without their labels, while it learned (transductive)" in text
    assert "ststnet saw" not in text
    assert "the runs differ in their use of unlabelled test clips" in text
    rows = table(page, "UF1 of every run")
    assert (rows["astann"]["Protocol"].text, rows["ststnet"]["Protocol"].text) == ("loso transductive", "loso")
    origins = [one.text for one in page.all("dl") if one.attributes.get("class") == "origin"]
    assert ["yes (transductive)" in one for one in origins] == [True, False]
    with (tmp_path / "report.csv").open(encoding="utf-8") as file:
        assert {row["run"]: row["transductive"] for row in csv.DictReader(file)} == {
            "astann": "True",
            "ststnet": "False",
        }


def test_what_a_fusion_gains_over_its_best_part_is_told(tmp_path: Path) -> None:
    runs = {"fuse:a+b": 0.8, "a": 0.5, "b": 0.3}
    found = {
        name: write_example(tmp_path / str(seed), name, skill, seed)["conditions"][0]["accuracy"]
        for seed, (name, skill) in enumerate(runs.items())
    }
    rate = (found["fuse:a+b"] - found["a"]) / (1 - found["a"])
    text = section(page_of(tmp_path), "In short")
    assert found["a"] > found["b"]
    assert re.search(
        rf"fuse:a\+b has accuracy {found['fuse:a+b']:.3f} ?, the best of what it fuses {found['a']:.3f} ?: "
        rf"a relative rate increase of \+{rate:.3f}",
        text,
    )
    (tmp_path / "2" / "expression.json").unlink()
    assert "relative rate increase" not in section(page_of(tmp_path), "In short")
    write_example(tmp_path / "2", "b", changes={"protocol": "kfold"})
    assert "relative rate increase" not in section(page_of(tmp_path), "In short")
