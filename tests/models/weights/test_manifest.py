"""The manifest and its files: whole, loadable, refused when they are not."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import save as serialise
from typer.testing import CliRunner

from vidrestore.cli import app
from vidrestore.errors import ModelError
from vidrestore.models.networks import Espcn
from vidrestore.models.processor import apply
from vidrestore.models.weights import files, manifest
from vidrestore.training.names import FEATURES, NAMES
from vidrestore.training.recipes import RECIPES


@pytest.mark.parametrize("name", manifest.rows())
def test_every_row_loads_and_knows_its_recipe(name: str) -> None:
    entry = manifest.rows()[name]
    network = files.load(entry)
    assert not network.training
    assert entry.recipe in RECIPES
    assert dict(RECIPES[entry.recipe].args) == dict(entry.args)
    score, baseline = (value for key, value in entry.measured.items() if key != "set")
    assert score > baseline
    needs = network.needs
    assert (entry.needs, entry.parameters) == (needs, sum(p.numel() for p in network.parameters()))
    window = torch.rand(1, needs.before + 1 + needs.after, needs.channels, 64, 64)
    assert apply(network, window).shape[-1] == 64 * needs.scale


def copy(tmp_path: Path) -> Path:
    folder = tmp_path / "weights"
    shutil.copytree(manifest.folder(), folder)
    return folder


def test_one_flipped_bit_is_refused(tmp_path: Path) -> None:
    folder = copy(tmp_path)
    entry = manifest.rows(folder)["espcn-x2"]
    data = bytearray((folder / entry.file).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / entry.file).write_bytes(data)
    with pytest.raises(ModelError, match="damaged"):
        files.load(entry, where=folder)


def test_missing_files_and_manifests_are_refused(tmp_path: Path) -> None:
    folder = copy(tmp_path)
    entry = manifest.rows(folder)["espcn-x2"]
    (folder / entry.file).unlink()
    with pytest.raises(ModelError, match="missing"):
        files.load(entry, where=folder)
    (folder / "manifest.toml").write_text("not [toml")
    with pytest.raises(ModelError, match="not a weights manifest"):
        manifest.rows(folder)
    with pytest.raises(ModelError, match="no weights manifest"):
        manifest.rows(tmp_path)


def test_find_by_name_by_family_and_by_scale() -> None:
    assert manifest.find("espcn", task="upscale", scale=3).name == "espcn-x3"
    assert manifest.find("espcn-x2", task="upscale", scale=2).name == "espcn-x2"
    with pytest.raises(ModelError, match="not x3"):
        manifest.find("espcn-x2", task="upscale", scale=3)
    with pytest.raises(ModelError, match=r"there are: .*espcn-x2"):
        manifest.find("nothing", task="upscale", scale=2)


def test_what_a_weight_file_says_of_itself_is_bounded(tmp_path: Path) -> None:
    path, network = tmp_path / "a.safetensors", Espcn()
    for model, args in (
        (["espcn"], {}),
        ("espcn", {"scale": 10**9}),
        ("espcn", {"scale": 4000}),  # 16 million channels, of which the file has none
        ("espcn", {"scale": [[[2]]]}),
        ("sepconv", {"width": 1e300}),
    ):
        path.write_bytes(files.written(network, task="upscale", model=model, args=args))  # type: ignore[arg-type]
        with pytest.raises(ModelError) as caught:
            files.open_file(path, task="upscale")
        assert len(str(caught.value).splitlines()) == 1
    path.write_bytes(serialise(network.state_dict(), metadata={manifest.ABOUT: "[" * 100_000}))
    with pytest.raises(ModelError, match="does not say which network"):
        files.open_file(path, task="upscale")


@pytest.mark.parametrize("kind", ["a file", "a link loop", "noise", "a folder", "nested", "other types"])
def test_a_foreign_manifest_is_refused_in_one_line(kind: str, tmp_path: Path) -> None:
    where, path = tmp_path / "weights", tmp_path / "weights" / "manifest.toml"
    if kind == "a link loop":
        where.symlink_to(where)
    elif kind == "a file":
        where.write_text("text")
    elif kind == "a folder":
        path.mkdir(parents=True)
    else:
        where.mkdir()
        contents = {
            "noise": bytes(range(256)),
            "nested": b"a = " + b"[" * 50_000,
            "other types": b"[espcn]\nsteps = 'x'\n",
        }
        path.write_bytes(contents[kind])
    with pytest.raises(ModelError) as caught:
        manifest.rows(where)
    assert len(str(caught.value).splitlines()) == 1


def test_verify_names_all_that_are_not_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = copy(tmp_path)
    for name in ("espcn-x2", "espcn-x4"):
        (folder / manifest.rows(folder)[name].file).write_bytes(b"damaged")
    monkeypatch.setenv("VIDRESTORE_WEIGHTS", str(folder))
    result = CliRunner().invoke(app, ["models", "verify", "--json"])
    assert result.exit_code == 4
    said = json.loads(result.stdout)
    assert set(said["wrong"]) == {"espcn-x2", "espcn-x4"}
    assert "espcn-x3" in said["verified"]
    assert result.stderr.endswith("are not whole: espcn-x2, espcn-x4\n")


def test_the_names_of_recipes_are_theirs() -> None:
    assert tuple(RECIPES) == NAMES
    assert tuple(name for name, recipe in RECIPES.items() if "vgg" in recipe.loss) == FEATURES
