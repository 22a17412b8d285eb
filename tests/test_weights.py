"""The manifest and its files: whole, loadable, refused when they are not."""

import shutil
from pathlib import Path

import pytest
import torch

from vidrestore import manifest, weights
from vidrestore.errors import ModelError
from vidrestore.processor import apply
from vidrestore.train.recipes import RECIPES


@pytest.mark.parametrize("name", manifest.rows())
def test_every_row_loads_and_knows_its_recipe(name: str) -> None:
    entry = manifest.rows()[name]
    network = weights.load(entry)
    assert not network.training
    assert entry.recipe in RECIPES
    assert dict(RECIPES[entry.recipe].args) == dict(entry.args)
    score, baseline = (value for key, value in entry.measured.items() if key != "set")
    assert score > baseline
    needs = network.needs
    assert (entry.needs, entry.parameters) == (needs, sum(p.numel() for p in network.parameters()))
    window = torch.rand(1, needs.before + 1 + needs.after, 1 if needs.space == "luma" else 3, 64, 64)
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
        weights.load(entry, where=folder)


def test_missing_files_and_manifests_are_refused(tmp_path: Path) -> None:
    folder = copy(tmp_path)
    entry = manifest.rows(folder)["espcn-x2"]
    (folder / entry.file).unlink()
    with pytest.raises(ModelError, match="missing"):
        weights.load(entry, where=folder)
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
