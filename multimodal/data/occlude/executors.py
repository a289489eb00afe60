"""Doing clips side by side: in processes of this machine, or by Ray on a cluster; both through joblib."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Literal

from multimodal.data.occlude.clip import Outcome, Task, run_task
from multimodal.errors import MissingError

Executor = Literal["local", "ray"]

_ROUND = 4
"""Ray's backend gives results back in rounds; each has so many clips a worker."""


def run_all(tasks: Iterable[Task], executor: Executor, workers: int) -> Iterator[Outcome]:
    """Do all tasks and yield what comes of them, in the order in which they are finished.

    Args:
        tasks: They are taken as they are needed.
        executor: ``local`` (joblib's loky) or ``ray``: the cluster that ``RAY_ADDRESS`` names, whose machines must see
            source and copy under the same paths, else a Ray of its own on this machine.
        workers: How many clips at a time.

    Raises:
        MissingError: Ray was asked for and is not installed.
        OSError: A clip cannot be written.
    """
    from joblib import Parallel, delayed

    if executor == "local":
        calls = (delayed(run_task)(task) for task in tasks)
        yield from Parallel(n_jobs=workers, return_as="generator_unordered", batch_size=1)(calls)
        return
    remaining = iter(tasks)
    with _ray(workers):
        while batch := list(islice(remaining, _ROUND * workers)):
            yield from Parallel(n_jobs=workers, batch_size=1)(delayed(run_task)(task) for task in batch)


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
    root = str(Path(__file__).resolve().parents[3])
    paths = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
    environment = {"env_vars": {"PYTHONPATH": paths, "OMP_WAIT_POLICY": "PASSIVE"}}
    if os.environ.get("RAY_ADDRESS"):
        ray.init(log_to_driver=False)
    else:
        ray.init(num_cpus=workers, include_dashboard=False, log_to_driver=False, runtime_env=environment)
