import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction

import pytest
import torch
from torch import Tensor, nn

from vidrestore.base.memory import is_out_of_memory
from vidrestore.engine import Runner, Settings, choose, run
from vidrestore.engine import convert as convert_module
from vidrestore.engine.base import Core, Engine
from vidrestore.engine.infer import Inference
from vidrestore.errors import ResourceError, UsageError
from vidrestore.frame.frame import Colour, Frame
from vidrestore.models.networks.espcn import Espcn
from vidrestore.models.processor import Needs

from ..frames import FP32, Mean, MeanOf, planes, rgb, values

# Windows


@pytest.mark.parametrize("batch", [1, 4])
def test_windows_replicate_inside_a_shot(batch: int):
    frames = rgb(6, cuts=(2,))
    settings = replace(FP32, batch=batch)
    needs = Needs(before=1, after=1, scale=2)
    out = list(run(MeanOf(needs), frames, engine=choose(settings), settings=settings))
    assert [(f.pts, f.duration, f.cut, f.native) for f in out] == [(f.pts, f.duration, f.cut, None) for f in frames]
    assert values(out) == pytest.approx([1 / 3, 2 / 3, 2 + 1 / 3, 3, 4, 4 + 2 / 3])
    assert all(f.size == (16, 24) for f in out)


@pytest.mark.parametrize("batch", [1, 4])
def test_frames_beyond_a_shot_are_marked_where_asked(batch: int):
    """And then only they: two frames of one shot that are equal are both there."""
    frames = rgb(6, cuts=(2,))
    frames[4] = replace(frames[4], picture=frames[3].picture.clone())
    settings = replace(FP32, batch=batch)
    seen: list[list[bool]] = []

    class Marked(MeanOf):
        def prepare(self, window: Tensor) -> tuple[Tensor, ...]:
            seen.extend(window[:, :, 0, 0, 0].isnan().tolist())
            return (window.nan_to_num(0.0),)

    processor = Marked(Needs(before=2, after=1, marks_absent=True))
    list(run(processor, frames, engine=choose(settings), settings=settings))
    found = ["".join("-+"[not absent] for absent in window) for window in seen[-6:]]  # the first ones are of a trial
    assert found == ["--++", "-++-", "--++", "-+++", "++++", "+++-"]


def test_no_frames():
    assert list(run(MeanOf(Needs()), [], engine=choose(FP32), settings=FP32)) == []


def test_frames_between_frames_are_not_made_here():
    with pytest.raises(ValueError, match=r"needs\.times"):
        next(run(MeanOf(Needs(after=1, times=(Fraction(1, 2),))), rgb(2), engine=choose(FP32), settings=FP32))


def test_a_change_of_size_ends_the_shot():
    frames = [*rgb(2), *rgb(2, size=(10, 4))]
    out = list(run(MeanOf(Needs(after=1)), frames, engine=choose(FP32), settings=replace(FP32, batch=4)))
    assert [f.size for f in out] == [(8, 12), (8, 12), (10, 4), (10, 4)]
    assert values(out) == [0.5, 1, 0.5, 1]


# Frames that are kept


@pytest.mark.parametrize("batch", [1, 2, 3])
def test_kept_frames_pass_as_they_are_and_still_are_in_windows(batch: int):
    frames = rgb(9, cuts=(5,))
    kept, settings = {0, 3, 4, 8}, replace(FP32, batch=batch)
    needs = Needs(before=1, after=1)
    asked: list[int] = []

    def keep(number: int, frame: Frame) -> bool:
        assert frames[number] is frame
        asked.append(number)
        return number in kept

    out = list(run(MeanOf(needs), frames, engine=choose(settings), settings=settings, keep=keep))
    plain = list(run(MeanOf(needs), frames, engine=choose(settings), settings=settings))
    assert asked == list(range(9))
    for i, (frame, new, restored) in enumerate(zip(frames, out, plain, strict=True)):
        if i in kept:
            assert new is frame
        else:
            assert torch.equal(new.picture, restored.picture) and new.native is None and new.pts == frame.pts


def test_only_wanted_frames_fill_batches_and_few_wait_for_it():
    """A kept frame comes at once where nothing waits; a batch ends before it holds up many."""
    sizes: list[int] = []
    processor = MeanOf(Needs(), Mean(lambda x: sizes.append(len(x))))
    settings = replace(FP32, batch=3)
    taken = 0

    def source() -> Iterator[Frame]:
        nonlocal taken
        for frame in rgb(22):
            taken += 1
            yield frame

    wanted = {4, 6, 7, 10, 20, 21}
    ahead = []
    stream = run(
        processor,
        source(),
        engine=choose(settings),
        settings=settings,
        keep=lambda number, _: number not in wanted,
    )
    next(stream)  # the network is traced with pictures of its own
    traced = len(sizes)
    for i, _ in enumerate(stream, 1):
        ahead.append(taken - i - 1)
    assert sizes[traced:] == [3, 1, 2]
    assert ahead[:3] == [0, 0, 0]
    assert max(ahead) < 6


# Colour


@pytest.mark.parametrize("space", ["luma", "rgb", "yuv"])
@pytest.mark.parametrize("depth", [8, 10])
def test_identity_changes_no_code_value(space: str, depth: int):
    frames = planes(3)
    if depth == 10:
        deep = {name: (getattr(frames[0].picture, name).int() * 4 + 3).to(torch.uint16) for name in ("y", "u", "v")}
        frames = [replace(frames[0], picture=replace(frames[0].picture, colour=Colour(depth=10), **deep))]
    out = list(run(MeanOf(Needs(space=space)), frames, engine=choose(FP32), settings=FP32))
    for old, new in zip(frames, out, strict=True):
        assert new.native is None and new.picture.colour == old.picture.colour
        for name in ("y", "u", "v"):
            assert torch.equal(getattr(new.picture, name).round().int(), getattr(old.picture, name).int())


def test_luma_leaves_chroma_alone_or_enlarges_it():
    frame = planes(1)[0]
    for scale in (1, 2):
        needs = Needs(space="luma", scale=scale)
        (out,) = run(MeanOf(needs), [frame], engine=choose(FP32), settings=FP32)
        assert out.picture.y.shape == (16 * scale, 24 * scale) and out.picture.u.shape == (8 * scale, 12 * scale)
        assert (out.picture.u is frame.picture.u) == (scale == 1)
    pictures = rgb(1)
    (out,) = run(MeanOf(Needs(space="luma", scale=2)), pictures, engine=choose(FP32), settings=FP32)
    assert out.picture.shape == (3, 16, 24) and torch.allclose(out.picture, torch.tensor(0.0), atol=1e-6)


def test_each_frame_is_converted_once(monkeypatch: pytest.MonkeyPatch):
    calls = []
    monkeypatch.setitem(convert_module.FROM_PLANES, "luma", lambda p: calls.append(id(p.y)) or p.y[None].float())
    frames = planes(6)
    list(run(MeanOf(Needs(before=2, after=2, space="luma")), frames, engine=choose(FP32), settings=FP32))
    assert calls == [id(f.picture.y) for f in frames]


@pytest.mark.parametrize("engine", ["torch", "openvino"])
def test_batch_and_tile_do_not_change_the_result(engine: str):
    frames = planes(5, size=(34, 62))
    model = Espcn(2)
    nn.init.normal_(model.core[-1].weight, std=0.05)

    def luma(batch: int, tile: int) -> Tensor:
        settings = Settings(device="cpu", engine=engine, batch=batch, tile=tile)
        return torch.stack([f.picture.y for f in run(model, frames, engine=choose(settings), settings=settings)])

    plain = luma(1, 0)
    assert torch.equal(luma(5, 0), plain)
    # In half precision some processors add up a small picture in another order than a large one.
    assert torch.allclose(luma(2, 32), plain, rtol=0, atol=0.5)


# Memory


def _limit(pixels: int, error: Exception) -> Callable[[Tensor], None]:
    def check(x: Tensor) -> None:
        if x.shape[-1] * x.shape[-2] > pixels:
            raise error

    return check


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
        RuntimeError("[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory: ..."),
        RuntimeError("Exception from src/inference/src/cpp/infer_request.cpp\nFailed to allocate 530841600 bytes"),
    ],
)
def test_out_of_memory_halves_the_tile_and_loses_no_frame(error: Exception):
    processor = MeanOf(Needs(before=1, after=1, halo=2), Mean(_limit(100 * 100, error)))
    frames = rgb(5, size=(100, 400))
    runner = Runner(Inference(processor, choose(FP32), replace(FP32, batch=2)))
    out = list(runner.run(frames))
    assert values(out) == pytest.approx([1 / 3, 1, 2, 3, 3 + 2 / 3])
    did = runner.facts
    assert (did.tile, did.batch, did.halvings) == (100, 2, 2), "halved once for all, not once a batch"
    assert (did.frames, did.engine, did.precision) == (5, "torch", "fp32") and did.seconds > 0


@dataclass
class Caching:
    """An engine of 100x100 pixels of memory; what a batch took stays taken until `release`, if nothing holds it."""

    inner: Engine = field(default_factory=lambda: choose(FP32))
    events: list[str] = field(default_factory=list)
    taken: weakref.WeakSet[Tensor] = field(default_factory=weakref.WeakSet)
    cached: int = 0

    def compile(self, core: nn.Module, example: tuple[Tensor, ...]) -> Core:
        compiled = self.inner.compile(core, example)

        def run(x: Tensor) -> tuple[Tensor, ...]:
            pixels = x.shape[-1] * x.shape[-2]
            workspace = x.clone()
            self.taken.add(workspace)
            self.cached += pixels
            fits = self.cached <= 100 * 100
            self.events.append(f"{pixels} fit" if fits else f"{pixels} are too many")
            if not fits:
                raise torch.OutOfMemoryError("CUDA out of memory.")
            self.cached -= pixels
            return compiled(x)

        return run

    def release(self) -> None:
        self.events.append("released")
        self.cached = 0 if not self.taken else self.cached

    def __getattr__(self, name: str) -> object:
        return getattr(self.inner, name)


def test_what_is_cached_is_given_back_before_the_batch_is_tried_again():
    engine, frames = Caching(), rgb(1, size=(100, 200))
    (made,) = run(MeanOf(Needs()), frames, engine=engine, settings=FP32)
    assert torch.equal(made.picture, frames[0].picture)
    assert engine.events == ["20000 are too many", "released", "10000 fit", "10000 fit"]


def test_out_of_memory_for_good():
    full = []

    def check(_: Tensor) -> None:
        if full:
            raise MemoryError("no more")

    def source() -> Iterator[Frame]:
        full.append(True)  # by now the core is compiled
        yield from rgb(1, size=(400, 400))

    with pytest.raises(ResourceError, match=r"tile of 25 pixels, and 12 is too small \(no more\)"):
        list(run(MeanOf(Needs(), Mean(check)), source(), engine=choose(FP32), settings=FP32))


def test_other_errors_are_not_taken_for_it():
    core = Mean(_limit(100 * 100, RuntimeError("shapes cannot be multiplied")))
    with pytest.raises(RuntimeError, match="shapes cannot"):
        list(run(MeanOf(Needs(), core), rgb(1, size=(200, 200)), engine=choose(FP32), settings=FP32))
    assert not is_out_of_memory(ValueError("out of memory"))


def test_a_tile_inside_the_halo_is_refused():
    settings = replace(FP32, tile=16)
    with pytest.raises(UsageError, match="tile = 16 leaves nothing inside halo = 8"):
        list(run(MeanOf(Needs(halo=8)), rgb(1, size=(64, 64)), engine=choose(settings), settings=settings))
