"""vidrestore deblur: known and estimated blurs on pictures and video, networks of one's own, and what is refused."""

import json
import math
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor
from typer.testing import CliRunner

from tests.clips import make_clip
from vidrestore.base.settings import Deblurring, Settings
from vidrestore.cli import app
from vidrestore.errors import UsageError
from vidrestore.models.ensemble import Blended
from vidrestore.models.networks.msresnet import MSResNet
from vidrestore.models.processor import apply
from vidrestore.models.weights import files
from vidrestore.restoration.deblurring import deblurrer, psf
from vidrestore.restoration.deblurring.inverse import METHODS
from vidrestore.restoration.deblurring.psf_choice import UNSURE, read_psf
from vidrestore.restoration.deblurring.stage import deblur
from vidrestore.video.pictures.read import read_picture


def invoke(*args: object):
    return CliRunner().invoke(app, ["deblur", *map(str, args), "-y"], env={"COLUMNS": "200"})


def report(*args: object) -> dict[str, object]:
    result = invoke(*args, "--json", "-q")
    assert result.exit_code == 0, result.output
    found: dict[str, object] = json.loads(result.stdout)
    return found


def write(path: Path, picture: Tensor) -> Path:
    cv2.imwrite(str(path), (255 * picture.clamp(0, 1)).round().byte().permute(1, 2, 0).numpy()[..., ::-1])
    return path


@pytest.fixture(scope="module")
def sharp(shared_data: Path) -> Tensor:
    return read_picture(shared_data / "eval" / "kodak" / "kodim13.png")[:, :276, :276]


@pytest.fixture(scope="module")
def kernel() -> Tensor:
    return psf.motion(9, 120)


@pytest.fixture(scope="module")
def blurred(sharp: Tensor, kernel: Tensor, tmp_path_factory: pytest.TempPathFactory) -> Path:
    seen = F.conv2d(sharp[:, None], kernel.float().flip(0, 1)[None, None])[:, 0]
    return write(tmp_path_factory.mktemp("blurred") / "in.png", seen)


def gain(out: Path, blurred: Path, sharp: Tensor, kernel: Tensor) -> float:
    r = len(kernel) // 2
    truth = sharp[:, r:-r, r:-r]
    errors = [float((read_picture(path) - truth).square().mean()) for path in (blurred, out)]
    return 10 * math.log10(errors[0] / errors[1])


@pytest.mark.parametrize("model", ["wiener", "landweber"])
def test_a_known_blur_goes(model: str, blurred: Path, sharp: Tensor, kernel: Tensor, tmp_path: Path) -> None:
    out = tmp_path / "out.png"
    said = report(blurred, out, "-m", model, "--psf", "motion:9,120", "--noise", 0.4)
    assert (said["model"], said["engine"], said["precision"], said["warnings"]) == (model, "torch", "fp32", [])
    assert gain(out, blurred, sharp, kernel) > 5
    half = tmp_path / "half.png"
    report(blurred, half, "-m", model, "--psf", "motion:9,120", "--noise", 0.4, "--strength", 0.5)
    mean = (read_picture(blurred) + read_picture(out)) / 2
    assert (read_picture(half) - mean).abs().quantile(0.99) < 1.1 / 255


def test_an_estimated_blur_goes_and_is_said(blurred: Path, sharp: Tensor, kernel: Tensor, tmp_path: Path) -> None:
    out = tmp_path / "out.png"
    said = report(blurred, out, "-m", "wiener", "--estimate")
    (note,) = said["warnings"]  # type: ignore[misc]
    assert note.startswith("estimated --psf motion:")
    length, angle = map(float, note.split(":")[1].split(",")[:2])
    assert abs(length - 9) <= 1 and abs(angle - 120) <= 3
    assert gain(out, blurred, sharp, kernel) > 4.5


def test_a_sharp_picture_stays_as_it_was(sharp: Tensor, tmp_path: Path) -> None:
    source = write(tmp_path / "in.png", sharp)
    said = report(source, tmp_path / "out.png", "--estimate")
    assert said["warnings"] == [UNSURE] and said["model"] == "sparse"
    assert torch.equal(read_picture(tmp_path / "out.png"), read_picture(source))


@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuv422p10le"])
def test_video_keeps_its_colour_and_tracks(pix_fmt: str, tmp_path: Path) -> None:
    """A blur of next to nothing changes next to nothing: neither frames, nor colour, nor sound."""
    clip = make_clip(tmp_path / "in.mkv", frames=6, audio=1, pix_fmt=pix_fmt, codec="ffv1")
    out = tmp_path / "out.mkv"
    said = report(clip, out, "-m", "wiener", "--psf", "gaussian:0.2", "--noise", 0.1, "-c", "ffv1")
    assert (said["frames_in"], said["frames_out"]) == (6, 6)
    result = CliRunner().invoke(app, ["metrics", str(clip), str(out), "--json"])
    assert float(json.loads(result.stdout)["metrics"]["psnr"]["min"]) > 45  # inf is text
    infos = [json.loads(CliRunner().invoke(app, ["info", str(p), "--json"]).stdout) for p in (clip, out)]
    assert infos[0]["pix_fmt"] == infos[1]["pix_fmt"] == pix_fmt
    assert len(infos[0]["streams"]) == len(infos[1]["streams"])


def test_weights_of_ones_own(tmp_path: Path) -> None:
    arguments = {"blocks": 1, "width": 0.0625}
    network = MSResNet(1, 0.0625)
    path = tmp_path / "mine.safetensors"
    path.write_bytes(files.written(network, task="deblur", model="msresnet", args=arguments))
    picture = torch.rand(3, 30, 41)
    source = write(tmp_path / "in.png", picture)
    said = report(
        source, tmp_path / "out.png", "-m", path, "--quality", "balanced", "--precision", "fp32", "--engine", "torch"
    )
    assert (said["model"], said["width"], said["height"]) == (str(path), 41, 30)
    seen = F.pad(read_picture(source)[None], (0, 3, 0, 2), mode="replicate")
    with torch.no_grad():
        wanted = apply(network, seen[:, None])[0, 0, :, :30, :41].clamp(0, 1)
    assert (read_picture(tmp_path / "out.png") - wanted).abs().max() < 0.6 / 255
    report(source, tmp_path / "same.png", "-m", path, "--strength", 0)
    assert torch.equal(read_picture(tmp_path / "same.png"), read_picture(source))


BLURRED = (1, 2, 5, 8)


def mixed_clip(path: Path, source: Path, *, pix_fmt: str) -> Path:
    """Ten frames of a sharp video, without loss; those of BLURRED moved by 15 pixels."""
    kernel = psf.motion(15, 20).float().flip(0, 1).numpy()
    with av.open(str(source)) as video, av.open(str(path), "w") as output:
        stream = output.add_stream("ffv1", rate=24)
        stream.width, stream.height, stream.pix_fmt = video.streams[0].width, video.streams[0].height, pix_fmt
        for index, frame in zip(range(10), video.decode(video=0), strict=False):
            frame = frame.reformat(format=pix_fmt)
            for target in frame.planes if index in BLURRED else ():
                stored = torch.from_dlpack(target).numpy()
                stored[:] = cv2.filter2D(stored, -1, kernel, borderType=cv2.BORDER_REFLECT)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


def frames_of(path: Path) -> list[list[Tensor]]:
    with av.open(str(path)) as video:
        return [[torch.from_dlpack(plane).clone() for plane in frame.planes] for frame in video.decode(video=0)]


@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuv422p10le"])
@pytest.mark.parametrize("model", ["wiener", "network"])
def test_only_blurred_frames_are_touched(model: str, pix_fmt: str, shared_data: Path, tmp_path: Path) -> None:
    clip = mixed_clip(tmp_path / "in.mkv", shared_data / "eval/video/davis_soapbox.mp4", pix_fmt=pix_fmt)
    out, options = tmp_path / "out.mkv", ["-m", "wiener", "--psf", "motion:15,20"]
    if model == "network":
        weights_file = tmp_path / "mine.safetensors"
        arguments = {"blocks": 1, "width": 0.0625}
        content = files.written(MSResNet(1, 0.0625), task="deblur", model="msresnet", args=arguments)
        weights_file.write_bytes(content)
        options = ["-m", weights_file, "--engine", "torch", "--batch", 3]
    said = report(clip, out, *options, "--only-blurred", 0.5, "-c", "ffv1")
    before, after = frames_of(clip), frames_of(out)
    assert len(before) == len(after) == 10
    same = [all(map(torch.equal, one, other)) for one, other in zip(before, after, strict=True)]
    assert [i for i in range(10) if not same[i]] == list(BLURRED)
    blur = said["blur"]
    assert isinstance(blur, dict) and blur.keys() == {"before", "after", "untouched", "per_frame"}
    assert blur["untouched"] == 6
    pairs = blur["per_frame"]
    assert [i for i, (one, _) in enumerate(pairs) if one >= 0.5] == list(BLURRED)
    assert [i for i, (one, other) in enumerate(pairs) if one != other] == list(BLURRED)
    assert blur["before"] == pytest.approx(np.mean([one for one, _ in pairs]), abs=1e-4)
    assert blur["after"] == pytest.approx(np.mean([other for _, other in pairs]), abs=1e-4)
    if model == "wiener":
        assert all(other < one - 0.1 for i, (one, other) in enumerate(pairs) if i in BLURRED)


def test_each_frame_is_estimated_for_itself(shared_data: Path, tmp_path: Path) -> None:
    clip = mixed_clip(tmp_path / "in.mkv", shared_data / "eval/video/davis_soapbox.mp4", pix_fmt="yuv420p")
    out = tmp_path / "out.mkv"
    said = report(clip, out, "-m", "wiener", "--estimate", "--end", "3f", "-c", "ffv1")
    unsure, found = said["warnings"]  # type: ignore[misc]
    length, angle = map(float, found.split(":")[1].split(",")[:2])
    assert abs(length - 15) <= 1 and abs(angle - 20) <= 3 and unsure == UNSURE
    before, after = frames_of(clip)[:3], frames_of(out)
    same = [all(map(torch.equal, one, other)) for one, other in zip(before, after, strict=True)]
    assert same == [n not in BLURRED for n in range(3)]


def test_what_is_left_as_it_was_is_said_in_words(sharp: Tensor, tmp_path: Path) -> None:
    source = write(tmp_path / "in.png", sharp)
    network = ["-m", "wiener", "--psf", "gaussian:1", "--progress", "none"]
    result = invoke(source, tmp_path / "out.png", *network, "--only-blurred", 0.9)
    assert result.exit_code == 0 and "; 1 of 1 left as they were" in result.stderr
    assert torch.equal(read_picture(tmp_path / "out.png"), read_picture(source))
    result = invoke(source, tmp_path / "out.png", *network, "-v")
    assert result.exit_code == 0 and "blur 0." in result.stderr and "left as" not in result.stderr


def test_blur_is_measured_where_somebody_asks_for_it(
    sharp: Tensor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured: list[int] = []
    monkeypatch.setattr(deblurrer, "blur", lambda _: measured.append(1) or 0.5)
    source = write(tmp_path / "in.png", sharp)
    words = [source, tmp_path / "out.png", "-m", "wiener", "--psf", "gaussian:1"]
    result = invoke(*words)
    assert result.exit_code == 0 and measured == [] and "blur 0." not in result.stderr
    assert report(*words)["blur"] == {"before": 0.5, "after": 0.5, "untouched": 0, "per_frame": [[0.5, 0.5]]}
    assert len(measured) == 2
    assert invoke(*words, "--only-blurred", 0.4).exit_code == 0 and len(measured) == 4


def test_strength_lies_between() -> None:
    network = MSResNet(1, 0.0625)
    window = torch.rand(2, 1, 3, 8, 12)
    with torch.no_grad():
        whole, part = apply(network, window), apply(Blended(network, 0.25), window)
    torch.testing.assert_close(part, 0.75 * window + 0.25 * whole)
    assert Blended(network, 0.25).needs == network.needs


@pytest.mark.parametrize(
    ("code", "options", "says"),
    [
        (4, ["-m", "msresnet"], "no trained weights of msresnet are shipped; convert"),
        (4, ["-m", "rife"], "no model 'rife' for deblur"),
        (4, ["-m", "none.safetensors"], "no weights at none.safetensors"),
        (2, ["-m", "msresnet", "--estimate"], "--psf, --estimate and --noise are for -m wiener and landweber"),
        (2, ["-m", "wiener"], "-m wiener needs either --estimate or --psf: gaussian:SIGMA"),
        (2, ["-m", "wiener", "--estimate", "--psf", "disk:2"], "needs either --estimate or --psf"),
        (2, ["-m", "wiener", "--psf", "motion:15"], "--psf motion:15 is not a blur"),
        (2, ["-m", "wiener", "--psf", "motion:15,left"], "--psf motion:15,left is not a blur"),
        (2, ["-m", "wiener", "--psf", "disk:9999"], "not a blur of up to 500 pixels"),
        (2, ["-m", "wiener", "--psf", "disk:-2"], "the radius of a blur is more than 0, not -2"),
        (2, ["-m", "wiener", "--psf", "nope.png"], "--psf nope.png is neither a blur nor a picture that is there"),
        (2, ["--noise", "2"], "--noise are for -m wiener and landweber"),
        (2, ["-m", "wiener", "--psf", "disk:2", "--engine", "openvino"], "--engine openvino is for networks"),
        (2, ["-m", "landweber", "--psf", "disk:2", "--precision", "bf16"], "--precision bf16 is for networks"),
        (2, ["-m", "wiener", "--psf", "disk:2", "--tile", "64"], "--tile 64 is for networks"),
        (2, ["-m", "wiener", "--psf", "disk:2", "--max-memory", "1G"], "--max-memory 1073741824 is for networks"),
        (2, ["-m", "wiener", "--psf", "disk:2", "--noise", "0"], "--noise 0 is not a standard deviation"),
        (2, ["-m", "wiener", "--psf", "disk:2", "--strength", "1.5"], "--strength 1.5 is not a share"),
        (2, ["-m", "wiener", "--psf", "disk:2", "--quality", "best"], "--quality best is for networks"),
        *(
            (2, ["-m", "wiener", "--psf", "disk:2", "--only-blurred", text], f"{text} is not between 0 and 1")
            for text in ("0", "1", "-0.3", "45", "nan")
        ),
    ],
)
def test_wrong_calls_are_one_line(code: int, options: list[str], says: str, tmp_path: Path) -> None:
    source = write(tmp_path / "in.png", torch.rand(3, 16, 16))
    result = invoke(source, tmp_path / "out.png", *options)
    assert result.exit_code == code, result.output
    assert len(result.stderr.strip().splitlines()) == 1 and says in result.stderr
    assert result.stdout == ""


def test_a_psf_picture_is_small_and_finite(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "large.png"), np.full((501, 3), 9, np.uint8))
    cv2.imwrite(str(tmp_path / "nan.tiff"), np.array([[1, np.nan, 1]], np.float32))
    for name in ("large.png", "nan.tiff"):
        with pytest.raises(UsageError, match="give finite numbers, and up to 500 pixels a side"):
            read_psf(str(tmp_path / name))


def test_memory_that_does_not_suffice_is_one_line_and_five(
    blurred: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> Tensor:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes")

    monkeypatch.setitem(METHODS, "wiener", full)
    result = invoke(blurred, tmp_path / "out.png", "-m", "wiener", "--psf", "disk:2")
    assert result.exit_code == 5 and "wiener computes whole pictures, of 268x268 here" in result.stderr
    assert not (tmp_path / "out.png").exists()


def test_a_plan_tells_what_was_estimated(blurred: Path, tmp_path: Path) -> None:
    plan = report(blurred, tmp_path / "out.png", "-m", "wiener", "--estimate", "--dry-run")
    assert any(str(note).startswith("estimated --psf motion:") for note in plan["warnings"])


def test_a_psf_is_read_from_its_picture(tmp_path: Path) -> None:
    kernel = psf.motion(7, 30)
    codes = (kernel / kernel.max() * 65535).round().numpy().astype(np.uint16)
    cv2.imwrite(str(tmp_path / "psf.png"), codes)
    torch.testing.assert_close(read_psf(str(tmp_path / "psf.png")), kernel, rtol=0, atol=1e-5)
    for text, wanted in [("gaussian:1.5", psf.gaussian(1.5)), ("disk:2", psf.disk(2)), ("motion:7,30", kernel)]:
        assert torch.equal(read_psf(text), wanted)


def test_a_video_is_deblurred_with_its_neighbours_and_a_picture_alone() -> None:
    video, picture = (deblur(Deblurring(), settings=Settings(), still=still) for still in (False, True))
    assert (video.model, video.reach, video.looks) == ("unblur-video", 1, True)
    assert (picture.model, picture.reach, picture.looks) == ("unblur", 0, False)
