"""Recording and replaying, with a stand-in for CUDA that keeps its rules: memory stays, and only `replay` computes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from vidrestore.engine import Runner
from vidrestore.engine.backends.cuda_graph import LARGEST, MOST, RECURRING, WARM_UP, Graphs
from vidrestore.engine.backends.torch_engine import TorchEngine
from vidrestore.engine.infer import Inference
from vidrestore.models.processor import Needs

from ..frames import FP32, Mean, MeanOf, rgb, values
from .fake_streams import Stream

CPU = torch.device("cpu")


@dataclass
class Cuda:
    """What `Graphs` calls of torch.cuda."""

    log: list[str] = field(default_factory=list)
    recording: "Graph | None" = None
    ending_fails: bool = False
    pools: int = 0

    def pool(self) -> int:
        self.pools += 1
        return self.pools

    @contextmanager
    def graph(self, graph: "Graph", pool: int, stream: "Stream", *, capture_error_mode: str) -> Iterator[None]:
        assert capture_error_mode == "thread_local" and stream.name == "side"
        graph.pool, self.recording = pool, graph
        self.log.append("record")
        try:
            yield
        finally:
            self.recording = None
            if self.ending_fails:
                raise RuntimeError("CUDA error: operation failed due to a previous error during capture")

    @contextmanager
    def stream(self, stream: "Stream") -> Iterator[None]:
        self.log.append(f"on {stream.name}")
        yield
        self.log.append(f"off {stream.name}")


class Graph:
    pool: int
    work: Callable[[], object]

    def replay(self) -> None:
        self.work()


@pytest.fixture
def cuda(monkeypatch: pytest.MonkeyPatch) -> Cuda:
    made = Cuda()
    for name, value in {
        "Stream": lambda _: Stream(made.log, "side"),
        "current_stream": lambda _: Stream(made.log, "main"),
        "stream": made.stream,
        "CUDAGraph": Graph,
        "graph": made.graph,
        "graph_pool_handle": made.pool,
        "synchronize": lambda _: made.log.append("synchronize"),
        "empty_cache": lambda: made.log.append("empty cache"),
    }.items():
        monkeypatch.setattr(torch.cuda, name, value)
    return made


@dataclass
class Doubled:
    """x -> 2 * x; recorded, it writes that where it wrote it before."""

    cuda: Cuda
    check: Callable[[Tensor], None] = lambda _: None

    def __call__(self, x: Tensor) -> tuple[Tensor]:
        self.cuda.log.append("run")
        self.check(x)
        out = 2 * x
        if graph := self.cuda.recording:
            graph.work = lambda: out.copy_(2 * x)
        return (out,)


def test_what_recurs_is_recorded_once_and_replayed(cuda: Cuda) -> None:
    graphs = Graphs(Doubled(cuda), CPU)
    inputs = [torch.rand(2, 1, 8, 8) for _ in range(RECURRING + 3)]
    outputs = [graphs(x)[0] for x in inputs]
    assert all(torch.equal(out, 2 * x) for out, x in zip(outputs, inputs, strict=True)), "none is overwritten"
    eager, warm = ["run"] * (RECURRING - 1), ["side waits for main", "on side", *["run"] * WARM_UP]
    assert cuda.log == ["synchronize", *eager, *warm, "record", "run", "off side", "main waits for side"]


def test_few_shapes_are_recorded_and_no_large_ones(cuda: Cuda) -> None:
    graphs = Graphs(Doubled(cuda), CPU)
    for width in range(1, MOST + 3):
        for _ in range(RECURRING + 1):
            graphs(torch.rand(1, 1, 4, width))
    assert cuda.log.count("record") == MOST
    cuda.log.clear()
    graphs.clear()
    for _ in range(RECURRING + 1):
        graphs(torch.rand(2, 1, LARGEST // 4, 3))
    assert "record" not in cuda.log


def test_cleared_it_begins_anew_in_memory_of_its_own(cuda: Cuda) -> None:
    graphs = Graphs(Doubled(cuda), CPU)
    for _ in range(2):
        for width in (4, 5):
            for _ in range(RECURRING):
                graphs(torch.rand(1, 1, 4, width))
        pools = {each.graph.pool for each in graphs._graphs.values()}
        assert pools == {cuda.pools} and len(graphs._graphs) == 2
        graphs.clear()
    assert cuda.log.count("record") == 4


@pytest.mark.parametrize("ending_fails", [False, True])
def test_out_of_memory_while_recording_is_told_as_such(cuda: Cuda, ending_fails: bool) -> None:
    def full(_: Tensor) -> None:
        if cuda.recording:
            raise torch.OutOfMemoryError("CUDA out of memory.")

    graphs, cuda.ending_fails = Graphs(Doubled(cuda, full), CPU), ending_fails
    for _ in range(RECURRING - 1):
        graphs(torch.rand(1, 1, 4, 4))
    with pytest.raises(torch.OutOfMemoryError):
        graphs(torch.rand(1, 1, 4, 4))


def test_other_errors_while_recording_stay_what_they_are(cuda: Cuda) -> None:
    def wrong(_: Tensor) -> None:
        if cuda.recording:
            raise RuntimeError("operation not permitted when stream is capturing")

    graphs = Graphs(Doubled(cuda, wrong), CPU)
    with pytest.raises(RuntimeError, match="not permitted"):
        for _ in range(RECURRING):
            graphs(torch.rand(1, 1, 4, 4))


class Recording(TorchEngine):
    """A CPU that records as a GPU does."""

    cuda: Cuda

    def compile(self, core: nn.Module, example: tuple[Tensor, ...]) -> Any:
        plain = super().compile(core, example)

        def recorded(x: Tensor) -> tuple[Tensor, ...]:
            (out,) = plain(x)
            if graph := self.cuda.recording:
                graph.work = lambda: out.copy_(plain(x)[0])
            return (out,)

        graphs = Graphs(recorded, CPU)
        self.graphs.add(graphs)
        return graphs

    def release(self) -> None:
        for graphs in self.graphs:
            graphs.clear()


def test_out_of_memory_while_recording_halves_the_tile_and_loses_no_frame(cuda: Cuda) -> None:
    """The recording of the whole picture fails; that of its quarters, which come then, does not."""

    def full(x: Tensor) -> None:
        if cuda.recording and x.shape[-1] > 32:
            cuda.ending_fails = True
            raise torch.OutOfMemoryError("CUDA out of memory.")
        cuda.ending_fails = False

    engine = Recording(CPU, "fp32")
    Recording.cuda = cuda
    frames = rgb(9, size=(64, 64))
    settings = replace(FP32, batch=1)
    runner = Runner(Inference(MeanOf(Needs(), Mean(full)), engine, settings))
    out = list(runner.run(frames))
    assert values(out) == pytest.approx(range(9))
    assert (runner.facts.tile, runner.facts.halvings) == (32, 1)
    assert cuda.log.count("record") == 2


def test_one_gpu_records_several_do_not(cuda: Cuda, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nn.Module, "to", lambda module, _: module)
    first, second = torch.device("cuda:0"), torch.device("cuda:1")
    example = (torch.rand(1, 1, 8, 8),)
    alone = TorchEngine(first, "fp32")
    compiled = alone.compile(nn.Conv2d(1, 1, 3), example)
    assert isinstance(compiled, Graphs) and list(alone.graphs) == [compiled]
    several = TorchEngine(first, "fp32", others=(second,))
    assert not isinstance(several.compile(nn.Conv2d(1, 1, 3), example), Graphs)
    cuda.log.clear()
    alone.release()
    assert cuda.log == ["synchronize", "empty cache"], "the graphs go first"
    del compiled
    assert not alone.graphs
