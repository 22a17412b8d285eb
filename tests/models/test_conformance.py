"""Every network x every promise of Processor, on every engine that computes on a CPU."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import cache

import pytest
import torch
from torch import Tensor

from tests.models.cases import ARGUMENTS, CALIBRATED, CASES, ROUGHER, Case, processor_of, whole, window_for
from vidrestore.engine import Settings, choose, run
from vidrestore.engine.infer import Inference
from vidrestore.engine.memory import least_tile
from vidrestore.frame.frame import Colour, Frame, Planes
from vidrestore.models.networks import MODELS
from vidrestore.models.weights import manifest

BF16_PSNR = 50.0
"""dB that bf16 keeps to fp32 at least, for pictures with white at 1."""
SEAM_PSNR = 40.0
"""The same that blended tiles keep to the whole."""
INT8_PSNR = 40.0
"""The same of int8, for random weights; of the shipped ones it is 50 too, in test_int8.py."""


ENGINES = [("torch", "fp32"), ("torch", "bf16"), ("openvino", "fp32"), ("openvino", "bf16"), ("openvino", "int8")]


def on_every_engine(
    *names: str, of: Callable[[Case], Sequence[tuple[int, ...]]] = lambda _: [()]
) -> pytest.MarkDecorator:
    """Each case on each engine, with each of its further values; most of what takes long is slow."""

    def marks(case: Case, engine: str, precision: str) -> tuple[pytest.MarkDecorator, ...]:
        if precision == "int8":
            return (pytest.mark.skipif(not torch.cpu._is_vnni_supported(), reason="this CPU has no VNNI"),)
        usual = (engine, precision) == ("torch", "fp32") or (case.name == "aligned" and precision == "bf16")
        return () if usual or case.name not in ("aligned", *ROUGHER) else (pytest.mark.slow,)

    return pytest.mark.parametrize(["case", "engine", "precision", *names], [
        pytest.param(
            case, *run, *values, id="-".join(map(str, (*run, case, *values[:1]))), marks=marks(case, *run)
        )
        for case in CASES for values in of(case) for run in ENGINES if run[1] != "int8" or case.name in CALIBRATED
    ])  # fmt: skip


@cache
def inference_of(case: Case, engine: str, precision: str) -> Inference:
    settings = Settings(device="cpu", engine=engine, precision=precision, tile=0, batch=1)
    return Inference(processor_of(case), choose(settings), settings)


def infer(case: Case, engine: str, precision: str, window: Tensor, *, tile: int = 0) -> Tensor:
    inference = inference_of(case, engine, precision)
    inference.plan = type(inference.plan)(tile=tile, batch=len(window))
    return inference([tuple(pictures) for pictures in window])


def test_every_model_is_here():
    assert ARGUMENTS.keys() == MODELS.keys()
    assert {entry.model for entry in manifest.rows().values() if entry.ranges} == set(CALIBRATED)


@on_every_engine()
@pytest.mark.parametrize("batch", [1, 3])
def test_shape_and_values(case: Case, engine: str, precision: str, batch: int):
    processor = processor_of(case)
    needs = processor.needs
    window = window_for(processor, batch, 33, 57)
    out = infer(case, engine, precision, window)
    channels = window.shape[2] - needs.sees_step
    assert out.shape == (batch, len(needs.times), channels, needs.scale * 33, needs.scale * 57)
    assert out.dtype == torch.float32 and out.isfinite().all()
    reference = whole(processor, window)
    error = (out - reference).square().mean()
    if precision == "fp32":
        assert (out - reference).abs().max() < 1e-5
    else:
        least = INT8_PSNR if precision == "int8" else ROUGHER.get(case.name, BF16_PSNR)
        assert 0 < error < 10 ** (-least / 10)
        # The last sums leave in fp32: most are not numbers that bf16 has, though finish may add nothing to them.
        assert (out.bfloat16() != out).float().mean() > 0.9


SIZES = [(33, 57, 24), (70, 41, 40), (144, 96, 64)]
"""Height, width, tile; some networks' pictures grow so large that one is enough."""


@on_every_engine(
    *("height", "width", "tile"), of=lambda case: SIZES[: 1 if case.name in ("aligned", "sepconv", *ROUGHER) else None]
)
def test_tiled_is_whole(case: Case, engine: str, precision: str, height: int, width: int, tile: int):
    """Exactly in fp32, unless tiles are blended.

    In half precision some processors add up a small picture in another order than a large one. Sizes and tiles grow by
    what the halo takes of them.
    """
    needs = processor_of(case).needs
    more = max(0, least_tile(needs) - 24)
    height, width, tile = height + more, width + more, tile + more
    window = window_for(processor_of(case), 1, height, width)
    whole, tiled = infer(case, engine, precision, window), infer(case, engine, precision, window, tile=tile)
    if needs.blends:
        assert ((tiled - whole) ** 2).mean() < 10 ** (-SEAM_PSNR / 10)
    elif precision == "fp32":
        assert torch.equal(tiled, whole)
    else:
        assert ((tiled - whole) ** 2).mean() < 10 ** (-BF16_PSNR / 10)


@on_every_engine()
def test_a_batch_is_its_pictures(case: Case, engine: str, precision: str):
    window = window_for(processor_of(case), 4, 33, 57)
    together = infer(case, engine, precision, window)
    alone = torch.cat([infer(case, engine, precision, window[i : i + 1]) for i in range(4)])
    assert torch.equal(together, alone)


# Their halos are held in test_deblur.py and test_sepconv.py: what the farthest pixels change is less than fp32 shows;
# and in test_motion.py and test_rife.py: how far they look depends on what they find. So it does with neighbours.
OWN_HALO_TEST = ("aligned", "denoiser", "msresnet", "rife", "sepconv")


HALO_CASES = [case for case in CASES if case.name not in OWN_HALO_TEST and "neighbours" not in case.arguments]


@pytest.mark.parametrize("case", HALO_CASES, ids=str)
def test_the_halo_is_enough_and_not_too_much(case: Case):
    """Changing what lies beyond the halo of a pixel changes nothing there; changing all from there on does.

    How far a network that pools looks depends on where in its grid a pixel lies: the halo is the farthest.
    """
    processor = processor_of(case)
    halo, scale, multiple = processor.needs.halo, processor.needs.scale, processor.needs.multiple
    size = (-(-(2 * halo + 9) // multiple) + 2) * multiple
    window = window_for(processor, 1, size, size)
    whole = infer(case, "torch", "fp32", window)
    start = size // 2 // multiple * multiple

    def same(pixel: int, distance: int) -> bool:
        """Whether the pixel's output stays when all that lies `distance` or more away is changed."""
        changed = 1 - window
        inside = slice(pixel - distance + 1, pixel + distance)
        changed[..., inside, inside] = window[..., inside, inside]
        out = slice(pixel * scale, (pixel + 1) * scale)
        return torch.equal(infer(case, "torch", "fp32", changed)[..., out, out], whole[..., out, out])

    pixels = range(start, start + multiple)
    assert all(same(pixel, halo + 1) for pixel in pixels)
    assert not all(same(pixel, halo) for pixel in pixels)


@pytest.mark.parametrize(
    "case", [pytest.param(case, marks=[pytest.mark.slow] * (case.name in ROUGHER)) for case in CASES], ids=str
)
def test_frames_outside_the_window_change_nothing(case: Case):
    processor = processor_of(case)
    if any(processor.needs.times):
        pytest.skip("makes frames between others, which is not the work of run()")
    needs = processor.needs
    settings = Settings(device="cpu", engine="torch", precision="fp32")
    engine = choose(settings)
    n = needs.before + needs.after + 3

    def outputs(changed: int | None) -> list[list[Tensor]]:
        frames = []
        for i in range(n):
            y = torch.full((16, 24), 40 + i + 100 * (i == changed), dtype=torch.uint8)
            planes = Planes(y, torch.full((8, 12), 120, dtype=torch.uint8), torch.full((8, 12), 140), Colour())
            frames.append(Frame(planes, Fraction(i, 25), Fraction(1, 25)))
        out = list(run(processor, frames, engine=engine, settings=settings))
        pictures = [f.picture.y if isinstance(f.picture, Planes) else f.picture for f in out]
        each = len(out) // n
        return [pictures[i * each : (i + 1) * each] for i in range(n)]

    plain = outputs(None)
    for changed in range(n):
        for i, (old, new) in enumerate(zip(plain, outputs(changed), strict=True)):
            same = all(torch.equal(a, b) for a, b in zip(old, new, strict=True))
            seen = i - needs.before <= changed <= i + needs.after
            # Flat frames do not move, and unblur changes nothing there, whatever its neighbours are.
            assert same == (not seen) or (same and case.name == "unblur" and i != changed), (i, changed)
