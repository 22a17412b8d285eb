"""Benchmark of the alternatives: plain torch, and OpenCV's DNN module on our network."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import astuple
from functools import partial
from importlib.util import find_spec
from statistics import median
from typing import Literal

import cv2
import torch

from ..base.settings import Settings
from ..engine import choose, keep_memory
from ..models.weights import files, manifest
from .material import scratch
from .networks import core_inputs
from .row import Cost, Effort, Row, measure

ENTRY = "espcn-x2"
ENGINE = "our engine"
"""The default one, in its default precision."""
Memory = Literal["kept", "given back"]


def plain_torch(effort: Effort) -> list[Row]:
    """ESPCN x2 of 960x540 by eager torch in fp32 and by our engine, in processes of their own: memory is kept or not.

    The facts say how many times as fast the engine is in the same processes, which take turns.
    """
    turns: dict[tuple[Memory, str], list[Cost]] = {}
    for _ in range(2):
        for memory in ("kept", "given back"):
            for name, cost in _in_a_process(memory, effort.repeats).items():
                turns.setdefault((memory, name), []).append(cost)
    costs = {
        key: Cost(median(cost.wall for cost in each), median(cost.processor for cost in each))
        for key, each in turns.items()
    }
    ours = costs["kept", ENGINE]
    return [
        Row("peers", f"{ENTRY} by {name}, memory {memory}", 1000 * cost.wall, "ms", _beside(cost, ours))
        for (memory, name), cost in costs.items()
    ]


def _beside(cost: Cost, ours: Cost) -> dict[str, float]:
    return {
        "processor ms": 1000 * cost.processor,
        "times our engine": cost.wall / ours.wall,
        "processor times our engine": cost.processor / ours.processor,
    }


def _in_a_process(memory: Memory, repeats: int) -> dict[str, Cost]:
    code = f"from vidrestore.benchmark import peers; print(peers.time_networks({memory!r}, {repeats}))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return {name: Cost(*seconds) for name, seconds in json.loads(done.stdout.splitlines()[-1]).items()}


def time_networks(memory: Memory, repeats: int) -> str:
    """JSON: what plain torch, our torch engine and the default one take, in this process, which is fresh."""
    if memory == "kept":
        keep_memory()
    network = files.load(manifest.find(ENTRY, task="upscale"))
    inputs, core = core_inputs(network), network.core.requires_grad_(False)
    engines = {
        "our torch fp32": choose(Settings(device="cpu", engine="torch", precision="fp32")),
        "our torch": choose(Settings(device="cpu", engine="torch")),
        ENGINE: choose(Settings(device="cpu")),
    }
    small = tuple(x[..., :96, :96] for x in inputs)
    cases: dict[str, Callable[[], object]] = {"plain torch fp32": partial(core, *inputs)}
    cases |= {name: partial(engine.compile(network.core, small), *inputs) for name, engine in engines.items()}
    with torch.no_grad():
        costs = measure(cases, repeats=repeats)
    return json.dumps({name: astuple(cost) for name, cost in costs.items()})


def opencv_dnn(effort: Effort) -> list[Row]:
    """The same network, exported to ONNX and run by OpenCV; nothing where the package onnx is not installed."""
    if find_spec("onnx") is None:
        return []
    network = files.load(manifest.find(ENTRY, task="upscale"))
    inputs, core = core_inputs(network), network.core.requires_grad_(False)
    with scratch() as folder:
        file = str(folder / "network.onnx")
        torch.onnx.export(core, inputs, file, dynamo=False)
        net = cv2.dnn.readNetFromONNX(file)
    engine = choose(Settings(device="cpu"))
    ours = engine.compile(core, tuple(x[..., :96, :96] for x in inputs))

    def theirs() -> object:
        net.setInput(inputs[0].numpy())
        return net.forward()

    costs = measure({"OpenCV DNN": theirs, "ours": lambda: ours(*inputs)}, repeats=effort.repeats)
    ratio = costs["OpenCV DNN"].wall / costs["ours"].wall
    facts = {f"times our {engine.name} {engine.precision}": ratio}
    return [Row("peers", f"{ENTRY} OpenCV DNN fp32", 1000 * costs["OpenCV DNN"].wall, "ms", facts)]
