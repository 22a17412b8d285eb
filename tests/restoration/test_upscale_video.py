"""upscale with networks that look at five frames: what is chosen, every frame there, no look over a cut, tiles."""

import hashlib
import json
import shutil
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor
from typer.testing import CliRunner

from tests.clips import make_clip
from vidrestore.cli import app
from vidrestore.engine import Settings, choose, convert, run
from vidrestore.engine.infer import Inference
from vidrestore.errors import ModelError
from vidrestore.frame.frame import Colour, Frame, Planes
from vidrestore.models.ensemble import Mirrored
from vidrestore.models.networks import MODELS
from vidrestore.models.weights import files as weights
from vidrestore.models.weights import manifest
from vidrestore.restoration.upscale import upscale
from vidrestore.video.facts.quality import SourceQuality

NETWORKS = ["aligned-x2", "delta-x2"]
SETTINGS = Settings(device="cpu", engine="torch", precision="fp32")


def scenes(changed: int | None = None) -> Iterator[Frame]:
    """Six scenes of six frames, each a texture that moves; every frame of scene `changed` is another."""
    number = 0
    for scene in range(6):
        rng = np.random.default_rng(scene + 100 * (scene == changed))
        low, high = (20, 120) if scene % 2 else (110, 235)
        small = rng.integers(low, high, (20, 24), dtype=np.uint8)
        whole = cv2.resize(small, None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC)
        for i in range(6):
            y = torch.from_numpy(whole[i : i + 64, 2 * i : 2 * i + 80].copy())
            chroma = torch.full((32, 40), 128, dtype=torch.uint8)
            yield Frame(Planes(y, chroma, chroma, Colour()), Fraction(number, 25), Fraction(1, 25), cut=i == 0)
            number += 1


def restored(name: str, frames: Iterator[Frame], settings: Settings = SETTINGS) -> list[Tensor]:
    stage = upscale(name, scale=2, settings=settings)
    return [frame.picture.y for frame in stage.load().run(frames)]  # type: ignore[union-attr]


@pytest.mark.parametrize("name", NETWORKS)
def test_no_window_reaches_over_a_cut(name: str) -> None:
    plain, changed = restored(name, scenes()), restored(name, scenes(changed=3))
    assert len(plain) == len(changed) == 36
    for number, (a, b) in enumerate(zip(plain, changed, strict=True)):
        assert torch.equal(a, b) == (number // 6 != 3), number


@pytest.mark.parametrize("name", NETWORKS)
def test_tiles_are_the_whole(name: str) -> None:
    frames = list(scenes())[:3]
    whole = restored(name, iter(frames))
    halo = manifest.find(name, task="upscale").needs.halo
    tiles = restored(name, (_larger(frame, halo) for frame in frames), Settings("cpu", "torch", "fp32", 2 * halo + 32))
    larger = restored(name, (_larger(frame, halo) for frame in frames))
    assert whole[0].shape == (128, 160)
    for a, b in zip(tiles, larger, strict=True):
        assert torch.equal(a, b)


def _larger(frame: Frame, halo: int) -> Frame:
    assert isinstance(frame.picture, Planes)
    times = -(-(2 * halo + 64) // 64)
    planes = [p if p is None else p.repeat(times, times) for p in (frame.picture.y, frame.picture.u, frame.picture.v)]
    return Frame(Planes(*planes, frame.picture.colour), frame.pts, frame.duration)


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("engine", ["torch", "openvino"])
def test_bf16_keeps_fifty_decibels_on_a_real_clip(name: str, engine: str, shared_data: Path) -> None:
    network = weights.load(manifest.find(name, task="upscale"))
    files = sorted((shared_data / "eval" / "vid4" / "calendar").glob("*.png"))[:5]
    pictures = [
        torch.from_numpy(cv2.imread(str(file), cv2.IMREAD_GRAYSCALE)[:96, :128]).float() / 255 for file in files
    ]
    outputs = []
    for precision in ("fp32", "bf16"):
        settings = Settings("cpu", engine, precision, 0, 1)  # type: ignore[arg-type]
        outputs.append(Inference(network, choose(settings), settings)([tuple(picture[None] for picture in pictures)]))
    assert (outputs[0] - outputs[1]).square().mean() < 10**-5


def test_each_frame_is_uploaded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    uploads = []
    upload = convert.upload
    monkeypatch.setattr(convert, "upload", lambda *a: uploads.append(1) or upload(*a))
    assert len(restored(NETWORKS[0], scenes())) == len(uploads) == 36


def upscaled(source: Path, *words: str, target: str = "out.mkv") -> dict[str, Any]:
    words = ("upscale", str(source), str(source.with_name(target)), "-y", "--json", "-q", *words)
    result = CliRunner().invoke(app, [*words])
    assert result.exit_code == 0, result.output
    report: dict[str, Any] = json.loads(result.stdout)
    return report


def test_sixty_frames_in_sixty_out_and_the_choice_is_said(tmp_path: Path) -> None:
    report = upscaled(make_clip(tmp_path / "in.mp4", frames=60), "--source", "clean")
    assert (report["frames_in"], report["frames_out"]) == (60, 60)
    assert report["model"] == manifest.best(scale=2).name == "aligned-x2"


def test_compressed_video_gets_the_network_that_knows_it(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "in.mp4", frames=6, size=(160, 120), options={"crf": "40"})
    report = upscaled(clip)
    assert (report["model"], report["source_quality"]["kind"]) == ("robust-x2", "compressed")
    assert report["source_quality"].keys() == {"kind", "compression", "noise"}
    assert any("is compressed" in line and "--source clean" in line for line in report["warnings"])
    assert upscaled(clip, "-s", "4")["model"] == "robust-x2+espcn-x2"
    assert upscaled(clip, "-s", "3")["model"] == "espcn-x3"  # there is none for compressed video
    whole = make_clip(tmp_path / "whole.mkv", codec="ffv1", frames=6, size=(160, 120))
    report = upscaled(whole)
    assert (report["model"], "compressed" in report["source_quality"]["kind"]) == ("aligned-x2", False)
    assert upscaled(whole, "--source", "compressed")["model"] == "robust-x2"


@pytest.mark.parametrize(("compression", "model"), [(0.11, "aligned-x2"), (0.24, "robust-x2")])
def test_only_what_is_as_good_as_lossless_is_taken_for_clean(compression: float, model: str) -> None:
    """x264's quantisers 0 and 2: from there on the robust network does better."""
    seen = SourceQuality("clean", compression, 0)
    assert upscale("auto", scale=2, settings=SETTINGS, quality_of=lambda: seen).model == model
    assert upscale("auto", scale=2, settings=SETTINGS, quality_of=lambda: seen, source="clean").model == "aligned-x2"


def test_a_kind_of_source_is_for_auto(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "in.mp4", frames=3)
    result = CliRunner().invoke(app, ["upscale", str(clip), "-m", "espcn", "--source", "compressed"])
    assert result.exit_code == 2
    assert "--source compressed chooses what -m auto takes; leave it out with -m espcn" in result.stderr


def test_auto_takes_what_scores_best_on_clips() -> None:
    rows = [
        row for row in manifest.rows().values() if row.task == "upscale" and not (row.note or row.family == "residual")
    ]
    for scale in (2, 3, 4):
        best = manifest.best(scale=scale)
        fit = [row for row in rows if row.needs.scale == scale]
        assert best.on_video["psnr_y"] == max(row.on_video["psnr_y"] for row in fit)


def test_auto_looks_at_one_picture_with_what_needs_no_others(tmp_path: Path) -> None:
    """On Set5 espcn-x2 passes aligned-x2 by 0.2 dB, and espcn-x4 the two in a row."""
    expected = {2: "espcn-x2", 3: "espcn-x3", 4: "espcn-x4", 8: "espcn-x2+espcn-x4"}
    picture = tmp_path / "in.png"
    cv2.imwrite(str(picture), np.zeros((40, 60, 3), np.uint8))
    for scale, model in expected.items():
        out = tmp_path / f"{scale}.png"
        result = CliRunner().invoke(app, ["upscale", str(picture), str(out), "-s", str(scale), "--json", "-q"])
        assert json.loads(result.stdout)["model"] == model
        assert cv2.imread(str(out)).shape == (40 * scale, 60 * scale, 3)


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of weights that has residual-x2 and residual-x4, too: small ones, untrained but not bicubic."""
    folder = tmp_path / "weights"
    shutil.copytree(manifest.folder(), folder)
    for scale in (2, 4):
        args: dict[str, Any] = {"scale": scale, "blocks": 1, "width": 8, "space": "luma"}
        path = folder / "manifest.toml"
        with torch.random.fork_rng():
            torch.manual_seed(scale)
            network = MODELS["edsr"](**args)
        name = f"residual-x{scale}"
        written = weights.written(network, task="upscale", model="edsr", args=args)
        (folder / f"{name}.safetensors").write_bytes(written)
        said = "{ " + ", ".join(f"{key} = {json.dumps(value)}" for key, value in args.items()) + " }"
        row = f"""
[{name}]
task = "upscale"
model = "edsr"
args = {said}
file = "{name}.safetensors"
sha256 = "{hashlib.sha256(written).hexdigest()}"
licence = "MIT"
recipe = "{name}"
data = "none"
steps = 0
parameters = 1
needs = {{ space = "luma", scale = {scale}, halo = {network.needs.halo} }}
on_video = {{ psnr_y = 99 }}
"""
        rest = [each for each in path.read_text().split("\n\n") if not each.startswith(f"[{name}]")]
        path.write_text("\n\n".join(rest).rstrip() + "\n" + row)
    monkeypatch.setenv("VIDRESTORE_WEIGHTS", str(folder))
    return folder


@pytest.mark.usefixtures("shipped")
def test_best_takes_the_larger_network_for_a_picture_and_looks_four_times(tmp_path: Path) -> None:
    picture = tmp_path / "in.png"
    cv2.imwrite(str(picture), np.random.default_rng(1).integers(0, 256, (24, 32, 3), np.uint8))
    expected = {2: "residual-x2", 3: "espcn-x3", 4: "residual-x4", 8: "residual-x2+residual-x4"}
    for scale, model in expected.items():
        assert upscale("auto", scale=scale, settings=SETTINGS, still=True).model != model or scale == 3
        report = upscaled(picture, "-s", str(scale), "--quality", "best", target="best.png")
        assert (report["model"], report["warnings"]) == (model, [])
        assert cv2.imread(str(tmp_path / "best.png")).shape == (24 * scale, 32 * scale, 3)
    frame = next(scenes())
    network = Mirrored(weights.load(manifest.find("residual-x2", task="upscale")))
    (best,) = upscale("auto", scale=2, settings=SETTINGS, still=True, quality="best").load().run([frame])
    (wanted,) = run(network, [frame], engine=choose(SETTINGS), settings=SETTINGS)
    assert torch.equal(best.picture.y, wanted.picture.y)  # type: ignore[union-attr]


def test_best_says_what_is_not_shipped_and_takes_what_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = {name: row for name, row in manifest.rows().items() if row.family != "residual"}
    monkeypatch.setattr(manifest, "rows", lambda where=None: rows)
    picture = tmp_path / "in.png"
    cv2.imwrite(str(picture), np.random.default_rng(1).integers(0, 256, (24, 32, 3), np.uint8))
    report = upscaled(picture, "--quality", "best", target="best.png")
    assert report["model"] == "espcn-x2"
    assert report["warnings"] == [
        "residual-x2 would do better, but no weights are shipped yet: espcn-x2 takes four looks; "
        "train one with `vidrestore train residual-x2` and give the file with -m"
    ]
    once = upscaled(picture, target="once.png")
    assert once["warnings"] == []
    assert not np.array_equal(cv2.imread(str(tmp_path / "best.png")), cv2.imread(str(tmp_path / "once.png")))


def test_eight_times_takes_two_networks() -> None:
    assert upscale("auto", scale=8, settings=SETTINGS).model == "aligned-x2+espcn-x4"
    frames = [*scenes()][:1]
    (made,) = upscale("espcn-x2+espcn-x4", scale=8, settings=SETTINGS).load().run(frames)
    assert made.size == (512, 640)
    with pytest.raises(ModelError, match=r"no network of espcn enlarges x8 alone; give two .* -m espcn-x2\+espcn-x4"):
        upscale("espcn", scale=8, settings=SETTINGS)


def test_two_networks_in_a_row() -> None:
    """x4 by default; what the second gets is what the first gives, unrounded."""
    frames = list(scenes())[:3]
    twice = upscale("aligned-x2+espcn-x2", scale=4, settings=SETTINGS).load().run(iter(frames))
    first = upscale("aligned-x2", scale=2, settings=SETTINGS).load().run(iter(frames))
    second = upscale("espcn-x2", scale=2, settings=SETTINGS).load().run(first)
    for one, other in zip(twice, second, strict=True):
        assert one.size == (256, 320) and torch.equal(one.picture.y, other.picture.y)  # type: ignore[union-attr]
    assert upscale("auto", scale=4, settings=SETTINGS).model == "aligned-x2+espcn-x2"
    with pytest.raises(ModelError, match=r"aligned-x2\+espcn-x2 enlarges x4, not x2; give --scale 4"):
        upscale("aligned-x2+espcn-x2", scale=2, settings=SETTINGS)
    assert upscale("aligned+espcn", scale=4, settings=SETTINGS).model == "aligned-x2+espcn-x2"
    with pytest.raises(
        ModelError, match=r"aligned\+espcn enlarges x4 or x6 or x8, not x3; give --scale 4 or --scale 8$"
    ):
        upscale("aligned+espcn", scale=3, settings=SETTINGS)
    with pytest.raises(ModelError, match="no model 'nothing' for upscale"):
        upscale("aligned+nothing", scale=4, settings=SETTINGS)


def test_a_network_of_another_scale_or_without_weights_is_one_line() -> None:
    with pytest.raises(ModelError, match="aligned-x2 enlarges x2, not x3"):
        upscale("aligned-x2", scale=3, settings=SETTINGS)
    with pytest.raises(ModelError, match="vidrestore train gz2019-x2"):
        upscale("gz2019", scale=2, settings=SETTINGS)
