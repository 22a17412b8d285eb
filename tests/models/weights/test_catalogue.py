"""Models of others by name: out of a package, checked, kept; and packages that are not what they should be."""

import json
import struct
import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.clips import make_clip
from tests.models.foreign.ncnn_files import compact
from tests.models.weights.wheels import INSIDE, contents, make_wheel, offer, row
from vidrestore.cli import app
from vidrestore.errors import ModelError
from vidrestore.models.weights import catalogue, manifest, package_index


def invoke(*args: object):
    return CliRunner().invoke(app, [str(a) for a in args], env={"COLUMNS": "200"})


def offered(folder: Path, monkeypatch: pytest.MonkeyPatch, *, index: bool = True) -> Path:
    """Three models in one package: tiny at two scales, and one that keeps the size."""
    made = {
        (name, scale): contents(compact(folder, scale=scale, name=f"{name}{scale}"), f"{name}{scale}")
        for name, scale in (("tiny", 2), ("tiny", 4), ("same", 1))
    }
    rows = [
        row(f"{name}-x{scale}", files, scale=scale, task="clean" if scale == 1 else "upscale")
        for (name, scale), files in made.items()
    ]
    everything = {file: content for files in made.values() for file, content in files.items()}
    return offer(folder, "\n".join(rows), everything, monkeypatch, index=index)


def test_the_catalogue_of_ours_holds_together() -> None:
    rows = catalogue.rows()
    assert len(rows) > 20 and not rows.keys() & manifest.rows().keys()
    for name, each in rows.items():
        assert name.endswith(f"-x{each.scale}") or name in ("realesrgan-x4plus", "realesrgan-x4plus-anime", "rife")
        assert each.task == ("interpolate" if name == "rife" else "upscale" if each.scale > 1 else "clean")
        assert each.licence in ("BSD-3-Clause", "Apache-2.0", "MIT", "CC-BY-4.0")
        assert [Path(file).suffix for file in each.files] == ([".pkl"] if name == "rife" else [".param", ".bin"])
        assert all(len(digest) == 64 for digest in each.files.values())


def test_a_model_is_got_and_then_a_name_like_any_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    offered(tmp_path, monkeypatch)
    clip = make_clip(tmp_path / "in.mp4", frames=3)
    upscale = "upscale", clip, tmp_path / "out.mp4", "-m", "tiny", "-s", 4, "--json", "-q"
    missing = invoke(*upscale)
    assert missing.exit_code == 4 and "get it with `vidrestore models get tiny-x4`" in missing.stderr

    got = json.loads(invoke("models", "get", "tiny", "--json").stdout)["models"]
    assert list(got) == ["tiny-x2", "tiny-x4"] and all(each["here"] for each in got.values())
    known = json.loads(invoke("models", "list", "--json").stdout)["known"]
    assert {name: each["here"] for name, each in known.items()} == {"tiny-x2": True, "tiny-x4": True, "same-x1": False}
    assert "of others" in (shown := invoke("models", "list").stdout) and "upscale x2 x4" in shown
    assert "tiny-x2" in json.loads(invoke("models", "verify", "--json").stdout)["verified"]

    report = json.loads(invoke(*upscale).stdout)
    assert (report["model"], report["width"], report["frames_out"]) == ("tiny-x4", 256, 3)
    chained = json.loads(invoke(*upscale[:4], "tiny-x2+espcn-x2", *upscale[5:], "-y").stdout)
    assert (chained["model"], chained["width"]) == ("tiny-x2+espcn-x2", 256)
    wrong = invoke("upscale", clip, "-m", "tiny-x2", "-s", 3)
    assert wrong.exit_code == 4 and "tiny-x2 enlarges x2, not x3; give --scale 2" in wrong.stderr


def test_a_model_that_keeps_the_size_serves_clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    offered(tmp_path, monkeypatch)
    said = invoke("models", "get", "same")
    assert said.exit_code == 0 and "use it with `vidrestore clean -m same-x1`" in said.stdout
    clip = make_clip(tmp_path / "in.mp4", frames=2)
    report = json.loads(invoke("clean", clip, tmp_path / "out.mp4", "-m", "same", "--json", "-q").stdout)
    assert (report["model"], report["width"], report["frames_out"]) == ("same-x1", 64, 2)
    wrong = invoke("upscale", clip, "-m", "same-x1")
    assert wrong.exit_code == 4 and "no model 'same-x1' for upscale x2" in wrong.stderr
    assert wrong.stderr.endswith("; same-x1 is for clean\n")


def test_without_an_index_one_line_says_what_to_fetch_and_where_to_put_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = offered(tmp_path, monkeypatch, index=False)
    result = invoke("models", "get", "tiny-x2")
    *_, line = result.stderr.splitlines()
    assert result.exit_code == 4 and "does not give tiny-models-py==1.0.0" in line
    assert "--from FILE.whl" in line and f"{INSIDE}/tiny2.param" in line and str(tmp_path / "models/tiny-x2") in line
    assert not (tmp_path / "models").exists()
    assert invoke("models", "get", "tiny-x2", "--from", wheel).exit_code == 0
    by_hand = tmp_path / "models" / "tiny-x4"
    by_hand.mkdir()
    with zipfile.ZipFile(wheel) as package:
        for file in ("tiny4.param", "tiny4.bin"):
            (by_hand / file).write_bytes(package.read(f"{INSIDE}/{file}"))
    assert catalogue.rows()["tiny-x4"].is_whole()


def test_a_file_that_changed_is_refused_and_got_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    offered(tmp_path, monkeypatch)
    assert invoke("models", "get", "tiny-x2").exit_code == 0
    file = tmp_path / "models" / "tiny-x2" / "tiny2.bin"
    content = file.read_bytes()
    file.write_bytes(content[:-1] + b"?")
    clip = make_clip(tmp_path / "in.mp4", frames=2)
    result = invoke("upscale", clip, "-m", "tiny-x2")
    assert result.exit_code == 4 and f"{file} is not what the catalogue says" in result.stderr
    assert invoke("models", "verify").exit_code == 4
    assert invoke("models", "get", "tiny-x2").exit_code == 0
    assert file.read_bytes() == content


def test_a_word_that_names_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    offered(tmp_path, monkeypatch)
    result = invoke("models", "get", "tinny")
    assert result.exit_code == 4 and "no model 'tinny'; did you mean tiny? there are: tiny, same" in result.stderr


def declared(path: Path, size: int) -> Path:
    """A package in which the largest file says that it has another size; one flipped number in the list of files."""
    with zipfile.ZipFile(path) as package:
        info = max(package.infolist(), key=lambda each: each.file_size)
    data = bytearray(path.read_bytes())
    at = data.rindex(info.filename.encode()) - 46 + 24
    data[at : at + 4] = struct.pack("<I", size)
    path.write_bytes(data)
    return path


def test_packages_that_are_not_what_they_should_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wheel = offered(tmp_path, monkeypatch)
    model = catalogue.rows()["tiny-x2"]
    other = dict.fromkeys(model.files, b"something else")
    (folder := tmp_path / "other").mkdir()
    (text := tmp_path / "text.whl").write_text("no package")
    (short := tmp_path / "short.whl").write_bytes(wheel.read_bytes()[:-40])
    empty = make_wheel(tmp_path, {})
    for path, says in (
        (text, "damaged, or no package"),
        (short, "damaged, or no package"),
        (tmp_path, "cannot be read"),
        (tmp_path / "missing.whl", "cannot be read"),
        (empty, f"holds no {INSIDE}/tiny2.param; give tiny-models-py 1.0.0"),
        (make_wheel(folder, other), "is not the file that the catalogue knows"),
    ):
        with pytest.raises(ModelError, match=says) as caught:
            package_index.get([model], path)
        assert "\n" not in str(caught.value)
    assert not (tmp_path / "models").exists()


def test_no_more_is_unpacked_than_a_file_may_have(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten million zeros take ten kilobytes in a package."""
    name = f"{INSIDE}/bomb.bin"
    wheel = offer(tmp_path, row("bomb-x2", {name: b""}), {name: bytes(10_000_000)}, monkeypatch)
    model = catalogue.rows()["bomb-x2"]
    monkeypatch.setattr(package_index, "LARGEST", 1_000_000)
    with pytest.raises(ModelError, match="says it has 10000000 bytes; 1000000 are the most"):
        package_index.get([model], wheel)
    with pytest.raises(ModelError, match=r"damaged|not the file"):
        package_index.get([model], declared(wheel, 100))
