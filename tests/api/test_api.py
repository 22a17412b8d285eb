"""What `import vidrestore` offers: the code of the commands, without a word on the terminal."""

import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

import vidrestore
from tests.clips import make_clip
from vidrestore.cli import app

TORCH = vidrestore.Settings(device="cpu", engine="torch")
LIGHT = """
import sys, vidrestore
assert not {"torch", "av", "numpy", "typer"} & set(sys.modules), sorted(sys.modules)
vidrestore.Settings(), vidrestore.upscale, vidrestore.frames, vidrestore.metrics
try:
    vidrestore.upscale("none.mp4", "out.mp4")
except vidrestore.errors.UsageError as error:
    assert "none.mp4" in str(error)
assert "torch" not in sys.modules
"""


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_clip(tmp_path_factory.mktemp("api") / "in.mkv", frames=6, options={"qp": "0"})


def test_importing_and_refusing_load_no_torch() -> None:
    subprocess.run([sys.executable, "-c", LIGHT], check=True, timeout=120)


def test_every_name_is_there() -> None:
    for name in vidrestore.__all__:
        assert getattr(vidrestore, name).__doc__, name
    with pytest.raises(AttributeError, match="nonsense"):
        _ = vidrestore.nonsense  # type: ignore[attr-defined]


def test_a_call_makes_the_file_of_its_command_and_says_nothing(
    clip: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    called, commanded = tmp_path / "called.mkv", tmp_path / "commanded.mkv"
    seen: list[vidrestore.Progress] = []
    report = vidrestore.restore(
        clip, called, factor=2, scale=2, models=["espcn"], cuts="none", settings=TORCH, progress=seen.append
    )
    assert capfd.readouterr() == ("", "")
    words = ["restore", str(clip), str(commanded), "-x", "2", "-s", "2", "-m", "espcn", "--cuts", "none"]
    assert CliRunner().invoke(app, [*words, "-d", "cpu", "--engine", "torch", "-q"]).exit_code == 0
    assert called.read_bytes() == commanded.read_bytes()
    assert (report.frames_out, report.width, report.model) == (12, 128, "flow+espcn-x2")
    assert [each.frame for each in seen] == list(range(1, 13)) and seen[-1].total == 12


@pytest.mark.parametrize(
    ("call", "size", "count"),
    [
        (lambda a, b: vidrestore.clean(a, b, strength=0.5, settings=TORCH), (64, 48), 6),
        (lambda a, b: vidrestore.deblur(a, b, deblurring=vidrestore.Deblurring(strength=0.0), settings=TORCH), 0, 6),
        (lambda a, b: vidrestore.interpolate(a, b, fps=59.94, settings=TORCH), (64, 48), 12),
    ],
)
def test_the_other_calls(call, size: object, count: int, clip: Path, tmp_path: Path) -> None:
    report = call(str(clip), tmp_path / "out.mkv")
    assert report.frames_out == count and (report.width, report.height) == (size or (64, 48))


def test_what_progress_raises_ends_the_run_and_leaves_nothing(clip: Path, tmp_path: Path) -> None:
    class EnoughError(Exception):
        pass

    def stop(progress: vidrestore.Progress) -> None:
        raise EnoughError

    with pytest.raises(EnoughError):
        vidrestore.upscale(clip, tmp_path / "out.mkv", model="espcn", settings=TORCH, progress=stop)
    assert not list(tmp_path.iterdir())


def test_errors_are_of_the_package(clip: Path, tmp_path: Path) -> None:
    errors = vidrestore.errors
    with pytest.raises(errors.UsageError, match="nothing to do"):
        vidrestore.restore(clip, tmp_path / "out.mkv")
    with pytest.raises(errors.UsageError, match="two timings"):
        vidrestore.interpolate(clip, tmp_path / "out.mkv", factor=2, fps=Fraction(60))
    with pytest.raises(errors.ModelError, match="nonsense"):
        vidrestore.upscale(clip, tmp_path / "out.mkv", model="nonsense")
    with pytest.raises(errors.UsageError, match="unknown device"):
        vidrestore.upscale(clip, tmp_path / "out.mkv", settings=vidrestore.Settings(device="tpu"))
    (tmp_path / "file").touch()
    with pytest.raises(errors.UsageError, match="file"):
        vidrestore.upscale(tmp_path / "file" / "in.mp4", tmp_path / "out.mkv")


def test_frames_are_those_of_extract_frames(clip: Path, tmp_path: Path) -> None:
    assert CliRunner().invoke(app, ["extract-frames", str(clip), str(tmp_path / "out"), "-q"]).exit_code == 0
    found = list(vidrestore.frames(clip, reading=vidrestore.Reading(end=4)))
    assert [picture.time for picture in found] == pytest.approx([n / 30 for n in range(4)], abs=1e-3)
    for number, picture in enumerate(found, 1):
        stored = cv2.imread(str(tmp_path / "out" / f"frame_{number:08d}.png"))[..., ::-1]
        assert picture.rgb.dtype == np.uint8 and np.array_equal(picture.rgb, stored)


def test_frames_of_ten_bits_have_sixteen(tmp_path: Path) -> None:
    deep = make_clip(tmp_path / "in.mkv", frames=2, codec="ffv1", pix_fmt="yuv420p10le", options={})
    assert next(iter(vidrestore.frames(deep))).rgb.dtype == np.uint16


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_arrays_become_what_a_folder_of_them_becomes(dtype: type, tmp_path: Path) -> None:
    white = {np.uint8: 255, np.uint16: 65535, np.float32: 1}[dtype]
    arrays = [(np.random.default_rng(n).random((32, 48, 3)) * white).astype(dtype) for n in range(3)]
    made = list(
        vidrestore.restore_frames(iter(arrays), factor=2, scale=2, models=["espcn"], cuts="none", settings=TORCH)
    )
    assert [each.shape for each in made] == [(64, 96, 3)] * 6 and made[0].dtype == dtype
    suffix = "tif" if dtype is np.float32 else "png"
    (tmp_path / "in").mkdir()
    for number, array in enumerate(arrays):
        cv2.imwrite(str(tmp_path / "in" / f"{number}.{suffix}"), array[..., ::-1])
    words = ["restore", str(tmp_path / "in"), str(tmp_path / "out"), "-x", "2", "-s", "2", "-m", "espcn", "-q"]
    assert CliRunner().invoke(app, [*words, "--cuts", "none", "-d", "cpu", "--engine", "torch"]).exit_code == 0
    for number, each in enumerate(made, 1):
        (stored,) = (tmp_path / "out").glob(f"frame_{number:08d}.*")
        there = cv2.imread(str(stored), cv2.IMREAD_UNCHANGED)[..., ::-1].astype(np.float64)
        there *= white / {"uint8": 255, "uint16": 65535}[cv2.imread(str(stored), -1).dtype.name]
        assert np.abs(there - each.clip(0, white)).max() <= (white / 65535 if dtype is np.float32 else 0)


def test_arrays_that_are_no_frames_are_refused() -> None:
    good = np.zeros((32, 48, 3), np.uint8)
    for bad, says in ((good[..., 0], "RGB"), (good.astype(np.int64), "int64"), (good[:16], "one size")):
        with pytest.raises(vidrestore.errors.UsageError, match=says):
            list(vidrestore.restore_frames([good, bad], scale=2, models=["espcn"], settings=TORCH))
    with pytest.raises(vidrestore.errors.UsageError, match="nothing to do"):
        vidrestore.restore_frames([good])
    assert not list(vidrestore.restore_frames([], scale=2, models=["espcn"], settings=TORCH))


def test_metrics_can_be_called_whatever_was_imported_before(clip: Path) -> None:
    from vidrestore.metrics.psnr import psnr

    assert psnr(np.zeros((8, 8)), np.zeros((8, 8))) == np.inf
    seen: list[object] = []
    found = vidrestore.metrics(clip, clip, comparing=vidrestore.Comparing(metrics=("psnr",)), progress=seen.append)
    assert found.summary("psnr").min == np.inf and len(seen) == 6
    with pytest.raises(vidrestore.errors.UsageError, match="none"):
        vidrestore.metrics("none.mp4", clip)
