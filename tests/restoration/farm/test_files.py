"""Weights that only the driver has, and the source, on another machine."""

import json
import pickle
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import torch
from PIL import Image

from tests.clips import make_clip
from tests.restoration.resume.runs import FFV1, SETTINGS
from vidrestore.base.settings import Cleaning, Deblurring, Reading, Retiming
from vidrestore.errors import InputError
from vidrestore.models.networks.espcn import Espcn
from vidrestore.models.weights import files as weights
from vidrestore.models.weights.catalogue import Known
from vidrestore.restoration.clean import clean
from vidrestore.restoration.deblurring.stage import deblur
from vidrestore.restoration.interpolation.stage import interpolate
from vidrestore.restoration.interpolation.timing import ByFactor
from vidrestore.restoration.job import prepare
from vidrestore.restoration.resume.farm.files import Files, files_of, moved, on_machine, weight_files
from vidrestore.restoration.resume.farm.plan import Plan
from vidrestore.restoration.resume.farm.source import place_of
from vidrestore.restoration.resume.farm.worker import Worker
from vidrestore.restoration.resume.times import source_times
from vidrestore.restoration.upscale import upscale


def own_network(path: Path) -> Path:
    """A small file of weights."""
    args = {"scale": 2}
    torch.manual_seed(1)
    path.write_bytes(weights.written(Espcn(**args), task="upscale", model="espcn", args=args))
    return path


@pytest.fixture
def network(tmp_path: Path) -> Path:
    return own_network(tmp_path / "own.safetensors")


def same(block: bytes) -> bytes:
    return block


def planned(tmp_path: Path, network: Path) -> Plan:
    source = make_clip(tmp_path / "in.mkv", frames=8, size=(32, 24))
    stages = (upscale(str(network), scale=2, settings=SETTINGS),)
    job = prepare(source, tmp_path / "out.mkv", stages, reading=Reading(), encoding=FFV1, resume=True)
    return Plan(f"{tmp_path.name:>12}", job, source_times(job), 8, measure=False)


def test_own_weights_reach_workers_of_other_machines(
    tmp_path: Path, network: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two of one machine, which have them at the same time."""
    monkeypatch.chdir(tmp_path)
    plan = planned(tmp_path, Path(network.name))
    expected = Worker(1, 1).make(plan, 1)
    there = files_of(plan, "here", same, shared=False)
    for path in (network, plan.job.info.path):
        path.rename(path.with_suffix(".gone"))
    with ExitStack() as one, ExitStack() as other:
        for holds in (one, other):
            moved_plan = on_machine(plan, there, partial(place_of, node="there", host="there", get=same, holds=holds))
            assert moved_plan.job.stages != plan.job.stages
            assert Worker(1, 1).make(moved_plan, 1).data == expected.data
        (place,) = weight_files(moved_plan.job.stages)
        one.close()
        assert place.is_file(), "the other has it still"
    assert not place.parent.exists()


def test_weights_that_changed_meanwhile_are_refused(tmp_path: Path, network: Path) -> None:
    plan = planned(tmp_path, network)
    files: Files[bytes] = files_of(plan, "here", None, shared=True)
    network.write_bytes(network.read_bytes() + b"\0")
    with pytest.raises(InputError, match=r"own\.safetensors is not there on host, or another file is; run it again"):
        on_machine(plan, files, lambda each: place_of(each, "here", "host", same, ExitStack()))


def test_files_of_every_step_are_found(tmp_path: Path) -> None:
    known = Known("rife", "interpolate", 1, "p", "1", {"a/rife.param": "0", "a/rife.bin": "0"}, "", "", "")
    shipped = (
        clean(Cleaning(strength=1.0), settings=SETTINGS),
        deblur(Deblurring(), settings=SETTINGS),
        interpolate(ByFactor(2), Retiming(), settings=SETTINGS),  # type: ignore[arg-type]
        upscale("aligned-x2+espcn-x2", scale=4, settings=SETTINGS),
    )
    assert weight_files(shipped) == []
    assert moved(shipped, Path) == shipped
    first, second, third, fourth = shipped
    own = (
        replace(first, network=Path("clean.pth")),
        replace(second, network=Path("deblur.onnx")),
        replace(third, choice=replace(third.choice, network=known)),
        replace(fourth, networks=(fourth.networks[0], Path("up.param"))),
    )
    names = ["clean.pth", "deblur.onnx", "rife.param", "up.param"]
    assert [path.name for path in weight_files(own)] == names
    assert weight_files(moved(own, lambda path: tmp_path / path.name)) == [tmp_path / name for name in names]


def test_the_picture_of_a_blur_is_sent_as_numbers(tmp_path: Path) -> None:
    image = Image.new("L", (5, 5))
    for number in range(5):
        image.putpixel((number, number), 100 + number)
    image.save(tmp_path / "blur.png")
    (tmp_path / "blur.json").write_text(json.dumps([[str(tmp_path / "blur.png"), "disk:3"]]))
    for name, model in (("blur.png", "wiener"), ("blur.json", "pocs")):
        stage = deblur(Deblurring(model=model, psf=str(tmp_path / name)), settings=SETTINGS)
        sent = pickle.loads(pickle.dumps(stage.sent()))
        assert sent == stage.sent() and sent.key == stage.key
        here = stage.load().restorer.psf
        (tmp_path / name).rename(tmp_path / "gone")
        torch.testing.assert_close(sent.load().restorer.psf, here, rtol=0, atol=0)
        (tmp_path / "gone").rename(tmp_path / name)
