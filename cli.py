"""The command line: a verb each, a few lines each - parse, call, print.

Heavy libraries load inside the verbs, so that ``veilspeak --help`` is quick.
"""

from __future__ import annotations

import json
import logging
import sys
import warnings
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, NoReturn, Optional

import typer

from multimodal import __version__
from multimodal.errors import UsageError, VeilspeakError

app = typer.Typer(
    name="veilspeak",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

OutDir = Annotated[Path, typer.Option("--out", help="Folder for the results; made if need be.")]
JsonFlag = Annotated[bool, typer.Option("--json", help="Print exactly one JSON object on standard output.")]
SetOption = Annotated[
    Optional[list[str]],  # noqa: UP045 - typer reads the annotation at run time, on Python 3.10 too
    typer.Option("--set", help="Override a config key: --set fusion.decision.dwell_ms=300. May be repeated."),
]
RecordOption = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option("--record", help="Append every figure to this CSV, with what is needed to get it again."),
]
SeedOption = Annotated[int, typer.Option("--seed", help="The same seed gives the same result.")]


class Trainable(str, Enum):
    """What ``train`` can train."""

    expression = "expression"
    gesture = "gesture"
    fusion = "fusion"


class Evaluable(str, Enum):
    """What ``evaluate`` can measure."""

    expression = "expression"
    gesture = "gesture"
    fusion = "fusion"
    units = "units"
    spotting = "spotting"


class OcclusionMode(str, Enum):
    """How ``occlude`` carries things along."""

    rigid = "rigid"
    jitter = "jitter"


class Fill(str, Enum):
    """What covered flow shows."""

    mean = "mean"
    noise = "noise"


class Layout(str, Enum):
    """What a folder is taken for."""

    auto = "auto"
    folder = "folder"
    photos = "photos"
    yolo = "yolo"
    flow = "flow"


class TableFormat(str, Enum):
    """What ``predict`` writes its tables as."""

    csv = "csv"
    jsonl = "jsonl"
    parquet = "parquet"


class Executor(str, Enum):
    """Where work is spread to."""

    local = "local"
    ray = "ray"


class Synthesizable(str, Enum):
    """What ``synth`` can make."""

    expressions = "expressions"
    gestures = "gestures"
    sample = "sample"


class Inspection(str, Enum):
    """What ``models`` can do."""

    list = "list"
    verify = "verify"
    fetch = "fetch"


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"veilspeak {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print it.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Tell more; an error shows where it came from.")] = False,
) -> None:
    """Reads a hand sign and a fleeting expression from a camera, even behind a mask, and says the meaning aloud."""
    if verbose:
        logging.getLogger().setLevel(logging.DEBUG)


@app.command()
def demo(
    source: Annotated[str, typer.Option(help="sample, a camera number, a file, a folder or a glob.")] = "sample",
    out: OutDir = Path("out/demo"),
    config: Annotated[Optional[Path], typer.Option(help="A live config; see configs/live.yaml.")] = None,  # noqa: UP045
    no_speak: Annotated[bool, typer.Option("--no-speak", help="Play no sound; speech.wav is written.")] = False,
    no_show: Annotated[bool, typer.Option("--no-show", help="Open no window.")] = False,
    record: RecordOption = None,
    json_: JsonFlag = False,
    set_: SetOption = None,
) -> None:
    """Run the whole chain on a camera, a video or pictures: what was signed is shown, said and written down."""
    from multimodal.demo import report, run_demo

    summary = run_demo(source, out, config, set_ or [], speak=not no_speak, show=not no_show)
    _record(record, summary, None if source == "sample" or source.isdecimal() else Path(source))
    _print(summary, json_, report)


@app.command()
def serve(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Of this machine; 0 takes any that is free.")] = 8477,
    config: Annotated[Optional[Path], typer.Option(help="A live config; see configs/live.yaml.")] = None,  # noqa: UP045
    set_: SetOption = None,
) -> None:
    """Open a page for this machine's browser: its camera is read, captions are shown and spoken. Ctrl-C ends it."""
    from multimodal.serve.run import run_serve

    run_serve(port, config, set_ or [])


@app.command()
def predict(
    sources: Annotated[list[str], typer.Argument(help="Videos, pictures, folders with all below, globs: SRC...")],
    out: OutDir = Path("out/predict"),
    config: Annotated[Optional[Path], typer.Option(help="A live config; see configs/live.yaml.")] = None,  # noqa: UP045
    format_: Annotated[TableFormat, typer.Option("--format", help="Of the tables.")] = TableFormat.csv,
    video: Annotated[bool, typer.Option("--video", help="Also write the annotated videos.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Read again what an earlier run has read.")] = False,
    json_: JsonFlag = False,
    set_: SetOption = None,
) -> None:
    """Read many files to tables, a row a frame and a row a decision: no window, no voice; broken files are named."""
    from multimodal.predict import refuse_failed, report, run_predict

    summary = run_predict(sources, out, config, set_ or [], form=format_.value, video=video, force=force)
    _print(summary, json_, report)
    refuse_failed(summary)


@app.command()
def train(
    what: Annotated[Trainable, typer.Argument(help="Which part.")],
    config: Annotated[Optional[Path], typer.Option(help="Its config; default: the shipped one.")] = None,  # noqa: UP045
    data: Annotated[Optional[Path], typer.Option(help="The data set, where the config names none.")] = None,  # noqa: UP045
    out: OutDir = Path("out/train"),
    set_: SetOption = None,
) -> None:
    """Train a part: weights and their card. A run that was killed goes on where it was."""
    from multimodal.training import run

    typer.echo(_pretty(run(what.value, config, data, out, set_ or [])))


@app.command()
def evaluate(
    what: Annotated[Evaluable, typer.Argument(help="Which part.")],
    data: Annotated[
        list[Path],
        typer.Option(
            help="Flow maps, data sets, index.csv (expression, units, spotting without maps); a data.yaml (gesture); "
            "fusion takes one of each."
        ),
    ],
    model: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(
            help="A classifier, several as fuse:A+B, or with --protocol none ready weights; of spotting one method."
        ),
    ] = None,
    protocol: Annotated[
        str, typer.Option(help="loso, cde, hde, cross, kfold; none: ready weights, no training.")
    ] = "none",
    occlude: Annotated[str, typer.Option(help="Conditions: none,mask,glasses,block:0.3,...")] = "none",
    masked: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option(help="NAME=DIR: a masked copy of the data as one more condition. May be repeated."),
    ] = None,
    seeds: Annotated[Optional[int], typer.Option(min=1, help="Default: 3, or 1 where nothing is trained.")] = None,  # noqa: UP045
    augment: Annotated[str, typer.Option(help="Conditions that the training side is shown too: mask,block:0.3")] = "",
    folds: Annotated[int, typer.Option(min=2, help="Of kfold.")] = 10,
    layout: Annotated[str, typer.Option(help="What the data set is; auto finds out.")] = "auto",
    labels: Annotated[str, typer.Option(help="megc2019 (three classes) or megc2018 (five).")] = "megc2019",
    audit: Annotated[bool, typer.Option("--audit", help="Also score the common wrong rules, marked as such.")] = False,
    null: Annotated[int, typer.Option(min=0, help="Run the pipeline so often on shuffled labels.")] = 0,
    executor: Annotated[Executor, typer.Option(help="ray: a cluster (RAY_ADDRESS), or this machine.")] = Executor.local,
    workers: Annotated[Optional[int], typer.Option(min=1, help="Folds at a time; default: the cores.")] = None,  # noqa: UP045
    split: Annotated[Optional[str], typer.Option(help="Of gesture: train, val or test; default: val.")] = None,  # noqa: UP045
    peer: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="Of gesture: folder of a public hand detector and classifier to read the same photos."),
    ] = None,
    coupling: Annotated[
        Optional[float],  # noqa: UP045
        typer.Option(min=0, max=1, help="Of fusion: how far sign and affect go together; default: as configured."),
    ] = None,
    borders: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(help="The peer's borders, in longer sides of the photo; default: 0,0.25,0.5,0.75,1"),
    ] = None,
    out: OutDir = Path("out/evaluate"),
    record: RecordOption = None,
    json_: JsonFlag = False,
) -> None:
    """Measure ready weights on data that they have not seen, or train anew in every fold of a protocol."""
    if what is not Evaluable.gesture and (peer is not None or split is not None):
        raise UsageError("--peer and --split are for hands: give them with 'evaluate gesture' only")
    if borders is not None and peer is None:
        raise UsageError("--borders are the peer's: give --peer too")
    if coupling is not None and what is not Evaluable.fusion:
        raise UsageError("--coupling is for fusion: give it with 'evaluate fusion' only")
    if what is Evaluable.fusion:
        from multimodal.evaluation.fusion import config_of as fusion_of
        from multimodal.evaluation.fusion import evaluate_fusion

        unused = {
            "--masked": bool(masked),
            "--augment": bool(augment),
            "--audit": audit,
            "--null": bool(null),
            "--seeds": seeds is not None,
            "--executor": executor is Executor.ray,
        }
        chosen = fusion_of(protocol, folds, coupling, model, occlude, unused)
        summary = evaluate_fusion(data, chosen, out, workers)
    elif what is Evaluable.gesture:
        from multimodal.evaluation.gesture import evaluate_gesture
        from multimodal.evaluation.gesture_peer import BORDERS, parse_borders

        chosen_borders = BORDERS if borders is None else parse_borders(borders)
        summary = evaluate_gesture(data[0], out, split or "val", peer=peer, borders=chosen_borders)
    elif what is Evaluable.units:
        from multimodal.evaluation import units

        chosen = {
            "model": model or "regional-synthetic",
            "protocol": protocol,
            "seeds": seeds,
            "folds": folds,
            "layout": layout,
        }
        unused = {"--occlude": occlude != "none", "--masked": bool(masked), "--augment": bool(augment)}
        config = units.config_of(chosen, {**unused, "--audit": audit, "--null": bool(null)})
        summary = units.evaluate_units(data, config, out, executor=executor.value, workers=workers, progress=True)
    elif what is Evaluable.spotting:
        from multimodal.evaluation.spotting import SpottingEvaluation, evaluate_spotting

        if occlude != "none" or masked or augment or audit or null or executor is Executor.ray:
            raise UsageError(
                "evaluate spotting takes --model, --protocol, --folds, --seeds, --layout: leave out the rest"
            )
        spotting = SpottingEvaluation(model=model, protocol=protocol, folds=folds, seeds=seeds, layout=layout)
        summary = evaluate_spotting(data, spotting, out, workers=workers, progress=True)
    else:
        from multimodal.evaluation.expression import config_of, evaluate_expression

        given = {
            "model": model or "regional-synthetic",
            "protocol": protocol,
            "seeds": seeds,
            "folds": folds,
            "layout": layout,
        }
        config = config_of({**given, "labels": labels, "audit": audit, "null": null}, occlude, augment, masked or [])
        summary = evaluate_expression(data, config, out, executor=executor.value, workers=workers, progress=True)
    _record(record, summary, data[0])
    _print(summary, json_, _pretty)


@app.command()
def report(
    folder: Annotated[Path, typer.Argument(help="What evaluate expression --out left, or a folder of such: DIR.")],
    json_: JsonFlag = False,
) -> None:
    """Make one HTML file of evaluations that opens offline, DIR/report.html, and their rows, DIR/report.csv."""
    from multimodal.evaluation.report import write_report

    _print(write_report(folder), json_, lambda content: "\n".join(content["outputs"].values()))


@app.command()
def synth(
    what: Annotated[
        Synthesizable,
        typer.Argument(help="expressions: clips of faces; gestures: photos of hand signs; sample: the demo's clip."),
    ],
    out: OutDir = Path("out/synth"),
    n: Annotated[int, typer.Option("--n", min=1, help="How many clips or photos.")] = 100,
    fps: Annotated[float, typer.Option(help="Frames a second of the clips.")] = 30.0,
    each: Annotated[int, typer.Option(min=1, help="Clips of each person's face.")] = 4,
    long: Annotated[bool, typer.Option("--long", help="Long videos with several expressions and much else.")] = False,
    seconds: Annotated[float, typer.Option(help="Length of a long video.")] = 20.0,
    size: Annotated[int, typer.Option(help="Width and height of the photos of hand signs, pixels.")] = 320,
    backgrounds: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="Folder of photos to put behind the people who show signs; default: rooms that are drawn."),
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = 2,
    seed: SeedOption = 0,
) -> None:
    """Make clips or photos of synthetic people.

    gestures: photos of people in rooms who show one of 18 hand signs or none, with exact boxes, in the YOLO layout, for
    a hand detector to learn from.
    """
    if what is Synthesizable.sample:
        from multimodal.data.people.sample import make_sample

        typer.echo(make_sample(out, seed), err=True)
    elif what is Synthesizable.gestures:
        from multimodal.data.people.gestures.gesture_set import synth_gestures

        typer.echo(synth_gestures(out, n, seed, workers=workers, size=size, backgrounds=backgrounds), err=True)
    elif long:
        from multimodal.data.people.long_set import synth_long

        typer.echo(synth_long(out, n, seed, workers=workers, fps=fps, seconds=seconds), err=True)
    else:
        from multimodal.data.people.dataset import synth_expressions

        typer.echo(synth_expressions(out, n, seed, workers=workers, fps=fps, each=each), err=True)


@app.command()
def occlude(
    source: Annotated[Optional[Path], typer.Argument(help="A picture, a video, or a folder: SRC.")] = None,  # noqa: UP045
    kind: Annotated[str, typer.Option(help="What is put before the faces; none: the matched clean copy.")] = "mask",
    style: Annotated[Optional[str], typer.Option(help="One of the kind's styles; default: drawn a clip.")] = None,  # noqa: UP045
    ratio: Annotated[Optional[float], typer.Option(help="Share of the face's box that a block hides.")] = None,  # noqa: UP045
    mode: Annotated[
        OcclusionMode, typer.Option(help="rigid: follows the head; jitter: as RRRN.")
    ] = OcclusionMode.rigid,
    passing: Annotated[bool, typer.Option("--passing", help="What is held comes into each clip and goes.")] = False,
    hands: Annotated[Optional[Path], typer.Option(help="Folder of hands before a green screen.")] = None,  # noqa: UP045
    fill: Annotated[Fill, typer.Option(help="What a flow map shows where it is covered.")] = Fill.mean,
    layout: Annotated[Layout, typer.Option(help="What the folder is; auto finds out.")] = Layout.auto,
    seed: SeedOption = 0,
    executor: Annotated[Executor, typer.Option(help="ray: a cluster (RAY_ADDRESS), or this machine.")] = Executor.local,
    workers: Annotated[Optional[int], typer.Option(min=1, help="Clips at a time; default: the cores.")] = None,  # noqa: UP045
    strict: Annotated[bool, typer.Option("--strict", help="Refuse clips in which no face is found.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an earlier copy in --out.")] = False,
    list_: Annotated[bool, typer.Option("--list", help="List kinds and styles.")] = False,
    preview: Annotated[bool, typer.Option("--preview", help="Write contact sheets of all kinds and styles.")] = False,
    out: OutDir = Path("out/occlude"),
    json_: JsonFlag = False,
) -> None:
    """Copy a data set with something before each face, and a manifest of what is covered."""
    from multimodal.data.occlude import report

    if list_:
        _print(report.listing(), json_, report.listing_text)
    elif preview:
        from multimodal.data.occlude.preview import preview as write_sheets

        files = [str(path) for path in write_sheets(source, out, seed)]
        _print({"outputs": files}, json_, lambda content: "\n".join(content["outputs"]))
    else:
        from multimodal.data.occlude import run, settings

        config = settings.settings(
            kind, style, ratio, mode=mode.value, seed=seed, hands=hands, passing=passing, fill=fill.value
        )
        options = {"layout": layout.value, "executor": executor.value, "workers": workers}
        summary = run.occlude(_needed(source), out, config, strict=strict, overwrite=overwrite, **options)
        _print(summary, json_, report.summary_text)


@app.command()
def index(
    data: Annotated[list[Path], typer.Argument(help="Data sets: folders, a sheet alone, an index, or archives.")],
    layout: Annotated[str, typer.Option(help="Which layout; auto tells it from what is there.")] = "auto",
    sheet: Annotated[Optional[Path], typer.Option(help="The coding sheet, if it lies elsewhere.")] = None,  # noqa: UP045
    cache: Annotated[Optional[Path], typer.Option(help="Folder in which archives are unpacked.")] = None,  # noqa: UP045
    out: Annotated[Optional[Path], typer.Option(help="Write the index as CSV.")] = None,  # noqa: UP045
    json_: JsonFlag = False,
) -> None:
    """Check data sets: which clips there are, of which classes, and every disagreement of sheet and files."""
    from multimodal.data import index_report

    _print(index_report.run(data, layout, sheet, out, cache), json_, index_report.text)


@app.command()
def models(
    what: Annotated[
        Inspection,
        typer.Argument(
            help="list: what there is; verify: whether shipped weights are whole; fetch: what a manifest names."
        ),
    ],
    manifest: Annotated[Path | None, typer.Option(help="Of fetch: URL, sha256, licence and source of files.")] = None,
    out: OutDir = Path("out/models"),
    json_: JsonFlag = False,
) -> None:
    """List every model with its input, size and source, check the shipped weights, or fetch what a manifest names.

    Only fetch uses the network.
    """
    from multimodal import models_text
    from multimodal.models import list_models, refuse_wrong, verify

    if manifest is not None and what is not Inspection.fetch:
        raise UsageError("--manifest is for 'models fetch' only")
    if what is Inspection.fetch:
        from multimodal.fetch import fetch, read_manifest, report

        if manifest is None:
            raise UsageError("which files? give --manifest FILE with their URLs and hashes (docs/export.md)")
        _print(fetch(read_manifest(manifest), out), json_, report)
    elif what is Inspection.list:
        _print(list_models(), json_, models_text.list_text)
    else:
        found = verify()
        _print(found, json_, models_text.verify_text)
        refuse_wrong(found)


@app.command()
def export(
    name: Annotated[str, typer.Argument(help="Shipped weights, as 'models list' has them, or a weight file: NAME.")],
    out: Annotated[Path, typer.Option("--out", help="The ONNX file; its card goes beside it.")],
    int8: Annotated[bool, typer.Option("--int8", help="In eight bits, if that is smaller and decides alike.")] = False,
    json_: JsonFlag = False,
) -> None:
    """Write weights as an ONNX file with its card, compared with torch before it is written."""
    from multimodal.export import export_weights, report

    _print(export_weights(name, out, int8=int8), json_, report)


@app.command()
def benchmark(
    repeats: Annotated[int, typer.Option(min=1, help="How often each part is timed.")] = 60,
    frames: Annotated[int, typer.Option(min=16, help="Of the sample, through the live path.")] = 180,
    record: RecordOption = None,
    json_: JsonFlag = False,
    set_: SetOption = None,
) -> None:
    """Time every part, alone and in the live path, beside a stock detector: median and p95."""
    from multimodal.evaluation.benchmark import report, run_benchmark
    from multimodal.live import load_live_config

    summary = run_benchmark(load_live_config(None, set_ or []), repeats=repeats, frames=frames)
    _record(record, {"benchmark": {row["name"]: row for row in summary["rows"]}}, None)
    _print(summary, json_, report)


@app.command()
def doctor(json_: JsonFlag = False) -> None:
    """Check each part: works, or what to do."""
    from multimodal.doctor import examine, report

    findings = examine()
    _print({"parts": [finding.to_dict() for finding in findings]}, json_, report)
    if not all(finding.ok or finding.optional for finding in findings):
        raise typer.Exit(1)


def _needed(source: Path | None) -> Path:
    if source is None:
        raise UsageError("what is to be copied? name a picture, a video or a folder, or take --list or --preview")
    return source


def _record(path: Path | None, figures: dict[str, Any], data: Path | None) -> None:
    if path is not None:
        from multimodal.evaluation.ledger import record

        record(path, figures, data=data)


def _print(summary: dict[str, Any], as_json: bool, human: Any) -> None:
    if as_json:
        typer.echo(json.dumps(summary, ensure_ascii=False))
    else:
        typer.echo(human(summary))


def _pretty(summary: dict[str, Any]) -> str:
    return json.dumps(summary, indent=2, ensure_ascii=False)


def _end(message: str, code: int) -> NoReturn:
    typer.echo(f"veilspeak: {' '.join(message.split())}", err=True)
    sys.exit(code)


def main() -> None:
    """Run the command line; every error ends in one line and its exit code."""
    logging.basicConfig(level=logging.WARNING, format="veilspeak: %(message)s", stream=sys.stderr)
    if not sys.warnoptions:
        warnings.simplefilter("ignore")  # what libraries tell their developers is not for those who run this
    try:
        code = app(standalone_mode=False)
    except VeilspeakError as error:
        _end(str(error), error.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        _end("interrupted", 130)
    except Exception as error:
        if hasattr(error, "format_message"):  # a usage error of typer or click, whichever carries it
            _end(f"{error.format_message()} (veilspeak --help lists what there is)", UsageError.exit_code)
        logging.getLogger("veilspeak").debug("what happened", exc_info=True)
        _end(f"{type(error).__name__}: {error} (please report it)", 1)
    sys.exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    main()
