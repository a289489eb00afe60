"""Doing pieces of work side by side: in processes of this machine, or by Ray on a cluster; both through joblib."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Literal, TypeVar

from multimodal.errors import MissingError

Executor = Literal["local", "ray"]

Piece = TypeVar("Piece")
Result = TypeVar("Result")

_ROUND = 4
"""Ray's backend gives results back in rounds; each has so many pieces a worker."""


def run_all(
    work: Callable[[Piece], Result], pieces: Iterable[Piece], executor: Executor = "local", workers: int | None = None
) -> Iterator[Result]:
    """Do all pieces and yield what comes of them, in the order in which they are finished.

    Args:
        work: A function of a module, so that it can be sent to another process; with one worker it runs in this one.
        pieces: They are taken as they are needed.
        executor: ``local`` (joblib's loky) or ``ray``: the cluster that ``RAY_ADDRESS`` names, whose machines must see
            all files under the same paths, else a Ray of its own on this machine.
        workers: How many pieces at a time; None takes one a core.

    Raises:
        MissingError: Ray was asked for and is not installed.
    """
    from joblib import Parallel, delayed

    workers = workers or os.cpu_count() or 1
    if executor == "local":
        calls = (delayed(work)(piece) for piece in pieces)
        yield from Parallel(n_jobs=workers, return_as="generator_unordered", batch_size=1)(calls)
        return
    remaining = iter(pieces)
    with _ray(workers):
        while batch := list(islice(remaining, _ROUND * workers)):
            yield from Parallel(n_jobs=workers, batch_size=1)(delayed(work)(piece) for piece in batch)


def require(executor: Executor) -> None:
    """Check that what the executor needs is there.

    Raises:
        MissingError: Ray was asked for and is not installed.
    """
    import importlib.util

    if executor == "ray" and importlib.util.find_spec("ray") is None:
        raise MissingError("Ray is not installed: pip install 'veilspeak[cluster]', or take --executor local")


@contextmanager
def _ray(workers: int) -> Iterator[None]:
    require("ray")
    # Set before Ray is imported: no usage report leaves the machine.
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    import ray
    from joblib import parallel_config
    from ray.util.joblib import register_ray

    started = not ray.is_initialized()
    if started:
        _start(workers)
    register_ray()
    try:
        with parallel_config(backend="ray", n_jobs=workers):
            yield
    finally:
        if started:
            ray.shutdown()


def _start(workers: int) -> None:
    import ray

    # Where the package is not installed but run from its checkout, the workers must find it too.
    root = str(Path(__file__).resolve().parents[1])
    paths = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
    environment = {"env_vars": {"PYTHONPATH": paths, "OMP_WAIT_POLICY": "PASSIVE"}}
    if os.environ.get("RAY_ADDRESS"):
        ray.init(log_to_driver=False)
    else:
        ray.init(num_cpus=workers, include_dashboard=False, log_to_driver=False, runtime_env=environment)
