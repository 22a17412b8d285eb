"""Benchmark of every network by engine and precision, beside a large matrix product."""

import copy
from collections.abc import Callable, Iterator
from math import prod
from typing import Any

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from ..base.settings import Settings
from ..engine import EngineName, Precision, choose
from ..engine.base import Core
from ..errors import UsageError
from ..models.networks import Network
from ..models.weights import files, manifest
from .row import Effort, Row, measure

HEIGHT, WIDTH = 540, 960
MOST = 500e9
"""Operations of a case at most: heavier networks see a half or a quarter of the picture's width and height."""
SIDE = 2048
"""Of the square matrices."""
ENGINES: tuple[EngineName, ...] = ("openvino", "torch")
DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
PRECISIONS: tuple[Precision, ...] = ("fp32", "bf16", "fp16", "int8")


def networks(effort: Effort, device: str = "cpu") -> list[Row]:
    """GFLOP/s of each core, a multiply-add counted as two, on 960x540 or less; prepare and finish are not in it."""
    # Two sets of weights of one network are computed alike: the one to be recommended stays.
    found = sorted(manifest.rows().values(), key=lambda entry: not entry.note)
    entries = {(entry.model, entry.parameters): entry for entry in found}
    return [row for entry in entries.values() for row in _of(entry, effort, device)]


def _of(entry: manifest.Entry, effort: Effort, device: str) -> Iterator[Row]:
    name, network = entry.name, files.load(entry)
    part = 1
    while (flops := _operations(network, inputs := core_inputs(network, part))) > MOST:
        part *= 2
    compiled = dict(_compiled(network, inputs, device))
    cases: dict[str, Callable[[], object]] = {
        f"{name} {way} {precision}": _call(core, inputs, at) for (way, precision), (core, at) in compiled.items()
    }
    products = {f"product {precision}": _product(precision, at) for (_, precision), (_, at) in compiled.items()}
    costs = measure(cases | products, repeats=effort.repeats)
    for (way, precision), _ in compiled.items():
        cost = costs[f"{name} {way} {precision}"]
        share = (flops / cost.wall) / (2 * SIDE**3 / costs[f"product {precision}"].wall)
        facts = {"ms": 1000 * cost.wall, "processor ms": 1000 * cost.processor}
        facts |= {"share of matrix product": share, "width": WIDTH / part}
        yield Row("networks", f"{name} {way} {precision}", flops / cost.wall / 1e9, "GFLOP/s", facts)


def _operations(network: Network, inputs: tuple[Tensor, ...]) -> int:
    core = copy.deepcopy(network.core).to("meta")  # where only shapes are computed
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        core(*(x.to("meta") for x in inputs))
    return int(counter.get_total_flops())


def core_inputs(network: Network, part: int = 1) -> tuple[Tensor, ...]:
    """What the core sees of a random window, 960x540 by `part`, grown to what the network needs; always the same."""
    needs = network.needs
    height, width = (-(-n // part // needs.multiple) * needs.multiple for n in (HEIGHT, WIDTH))
    shape = (1, needs.before + 1 + needs.after, needs.channels, height, width)
    window = torch.rand(prod(shape), generator=torch.Generator().manual_seed(0)).view(shape)
    with torch.no_grad():
        return network.prepare(window)


def _compiled(
    network: Network, inputs: tuple[Tensor, ...], device: str
) -> Iterator[tuple[tuple[EngineName, Precision], tuple[Core, torch.device]]]:
    """Whatever can be had here."""
    small = tuple(x[..., :96, :96] for x in inputs)
    for way in ENGINES:
        for precision in PRECISIONS:
            try:
                engine = choose(Settings(device=device, engine=way, precision=precision))
                core = engine.compile(network.core, small)
            except UsageError:
                continue
            yield (way, precision), (core, engine.device)


def _call(core: Core, inputs: tuple[Tensor, ...], device: torch.device) -> Callable[[], object]:
    moved = tuple(x.to(device) for x in inputs)

    def call() -> None:
        with torch.no_grad():
            core(*moved)
        _wait(device)

    return call


def _product(precision: Precision, device: torch.device) -> Callable[[], Any]:
    if precision == "int8":
        return _product_of_integers()
    left, right = torch.rand(2, SIDE, SIDE, generator=torch.Generator().manual_seed(0)).to(device, DTYPES[precision])

    def product() -> None:
        left @ right
        _wait(device)

    return product


def _product_of_integers() -> Callable[[], Any]:
    """oneDNN's, on a CPU; `torch._int_mm` takes six times as long where there is AMX."""
    left, right = torch.randint(256, (SIDE, SIDE), dtype=torch.uint8), torch.randint(127, (SIDE, SIDE)).char()
    packed, steps, zeros = torch.ops.onednn.qlinear_prepack(right, None), torch.ones(SIDE), torch.zeros(SIDE).long()
    weight = (packed, steps, zeros, None)
    return lambda: torch.ops.onednn.qlinear_pointwise(left, 1.0, 0, *weight, 1.0, 0, torch.float32, "none", [], "")


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
