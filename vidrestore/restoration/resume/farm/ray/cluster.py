"""Starts Ray on this machine, or joins a cluster, quietly; workers for as long as a command runs."""

from __future__ import annotations

import importlib.util
import logging
import os
import signal
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psutil

from .....errors import UsageError, VidrestoreError
from ..crew import Crew
from ..scratch import scratch

if TYPE_CHECKING:
    from .pool import Shape

LOCAL, RUNNING, CLIENT = "local", "auto", "ray://"
INSTALL = "pip install 'vidrestore[farm]'"
THREADS = 2
"""Of a worker, where it is not said how many workers there are: one decodes and encodes beside the other's network."""
GOING = 3
"""Seconds for Ray's helpers to end by themselves; on a busy machine they would look for what has gone for a minute."""
TRIES = 3
"""Of starting Ray: on a machine that is busy its processes may be late."""


@contextmanager
def workers(address: str, *, number: int | None, device: str, shared: bool = False) -> Iterator[Crew]:
    """Workers, gone with this.

    Args:
        address: local: Ray is started on this machine, and reached from nowhere else; auto: the Ray that runs here, or
            that RAY_ADDRESS names; ray://HOST:PORT.
        number: of workers; None: as many as there are GPUs, else one for each THREADS cores.
        device: auto; or cpu: workers have no GPUs.
        shared: every machine sees sources at the same paths.

    Raises:
        UsageError: Ray is not installed; no such cluster; another device.
        VidrestoreError: Ray does not start.
    """
    check_words(address, number, device)
    with ExitStack() as stack:
        home = stack.enter_context(_ray(address, number))
        from .pool import RayPool

        pool = RayPool(_shape(address, number, gpu=device != "cpu"), home, shared)
        try:
            yield Crew(pool)
        finally:
            pool.close()


def check_words(address: str, number: int | None, device: str) -> None:
    """UsageError: no such address or device; Ray is not installed."""
    if number is not None and number < 1:
        raise UsageError(f"--workers {number} is no number of workers; give 1 or more")
    if address not in (LOCAL, RUNNING) and not address.startswith(CLIENT):
        raise UsageError(f"--cluster {address} is none of local, auto and ray://HOST:PORT; give one of these")
    if ":" in device or "," in device:
        raise UsageError(f"--device {device}: each worker has a GPU of its own; give --device auto or cpu")
    if importlib.util.find_spec("ray") is None:
        raise UsageError(f"--workers and --cluster need Ray, which is not installed: {INSTALL}")


@contextmanager
def _ray(address: str, number: int | None) -> Iterator[str]:
    """Ray, in touch with this process; gives the name of this machine in it, "" where it is none of the cluster's."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    if address.startswith(CLIENT) and _has_token():
        os.environ.setdefault("RAY_AUTH_MODE", "token")  # from outside Ray shows it only if told to
    with ExitStack() as stack:
        options: dict[str, Any] = {"address": address}
        if address == LOCAL:
            os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"  # Ray's word for: on the loopback address alone
            folder = stack.enter_context(scratch(uuid4().hex[:8]))
            options |= {"num_cpus": max(cores(), number or 0), "include_dashboard": False, "_temp_dir": str(folder)}
        import ray

        # It tells of workers that died on stdout, which is for results; RayPool says so by itself.
        ray._private.worker.print_to_stdstream = lambda *_, **__: None
        handlers = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
        try:
            _start(options)
            for each, handler in handlers.items():  # Ray has put its own in their place
                with suppress(ValueError):  # in a thread nobody can
                    signal.signal(each, handler)
            yield "" if address.startswith(CLIENT) else ray.get_runtime_context().get_node_id()
        finally:
            _stop()


def _stop() -> None:
    """Whatever the Ray that this process has started had started ends with it."""
    import ray

    own = [each for each in psutil.Process().children() if each.name() in ("raylet", "gcs_server")]
    helpers = [*own, *(helper for each in own for helper in each.children(recursive=True))]
    ray.shutdown()
    for late in psutil.wait_procs(helpers, timeout=GOING)[1]:
        with suppress(psutil.NoSuchProcess):
            late.kill()


def _has_token() -> bool:
    """Whether there is a token by which Ray lets programs in."""
    given = os.environ.get("RAY_AUTH_TOKEN") or os.environ.get("RAY_AUTH_TOKEN_PATH")
    return bool(given) or (Path.home() / ".ray" / "auth_token").is_file()


def _start(options: dict[str, Any]) -> None:
    import ray

    for left in reversed(range(TRIES)):
        try:
            with warnings.catch_warnings(action="ignore"):  # what fails is said below
                ray.init(**options, log_to_driver=False, logging_level=logging.CRITICAL)
            return
        except ConnectionError as error:
            there = "no Ray runs here" if options["address"] == RUNNING else f"{options['address']} does not answer"
            raise UsageError(f"{there}: start one by `ray start --head`, or give --workers N alone") from error
        except Exception as error:
            _stop()
            if not left:
                reason = str(error).strip().splitlines()[0]
                raise VidrestoreError(f"Ray does not start: {reason}; try again when the machine is calm") from error


def cores() -> int:
    """That this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _shape(address: str, number: int | None, *, gpu: bool) -> Shape:
    import ray

    from .pool import Shape

    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    gpus = sum(node.get("GPU", 0) for node in nodes) if gpu else 0
    cpus = [cores()] if address == LOCAL else [int(node["CPU"]) for node in nodes if node.get("CPU")]
    if not cpus:
        raise VidrestoreError("no machine of the cluster has a CPU for workers; look at `ray status`")
    if gpus:
        count = number or int(gpus)
        return Shape(count, max(1, sum(cpus) // count), min(1.0, gpus / count), max(1, -(-count // len(nodes))))
    threads = THREADS if number is None else max(1, min(sum(cpus) // number, max(cpus)))
    count = number or sum(max(1, each // threads) for each in cpus)
    ways = count if address == LOCAL else max(1, max(cpus) // threads)
    return Shape(count, min(threads, max(cpus)), 0.0, ways)
