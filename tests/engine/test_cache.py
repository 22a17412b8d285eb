"""What is kept on disk between two starts."""

import multiprocessing
import os
import shutil
import time
from functools import partial
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from vidrestore.base import cache
from vidrestore.base.cache import cached, folder
from vidrestore.engine import Settings, choose
from vidrestore.engine.backends.fingerprint import PACKAGE, code, fingerprint
from vidrestore.models.networks.espcn import Espcn


@pytest.fixture
def where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VIDRESTORE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def never() -> bytes:
    raise AssertionError("made again")


def test_where_it_lies(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.delenv("VIDRESTORE_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert folder() == Path("/somewhere/vidrestore")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert folder() == Path.home() / ".cache" / "vidrestore"
    monkeypatch.setenv("VIDRESTORE_CACHE", "/mine")
    assert folder() == Path("/mine")
    monkeypatch.setenv("VIDRESTORE_CACHE", "")
    assert folder() is None


def test_an_entry_is_made_once(where: Path):
    assert cached("a", lambda: b"one") == b"one"
    assert cached("a", never) == b"one"
    assert cached("b", lambda: b"") == b""
    assert [file.name for file in sorted(where.iterdir())] == ["a.bin", "b.bin"]
    assert where.stat().st_mode & 0o777 == 0o700


def test_nothing_is_kept_without_a_key_or_a_folder(where: Path, monkeypatch: pytest.MonkeyPatch):
    assert cached(None, lambda: b"one") == b"one"
    monkeypatch.setenv("VIDRESTORE_CACHE", "")
    assert cached("a", lambda: b"two") == b"two"
    assert not where.exists()


@pytest.mark.parametrize("damage", [b"", b"short", b"x" * 40])
def test_a_damaged_entry_is_made_again(where: Path, damage: bytes):
    cached("a", lambda: b"one")
    (where / "a.bin").write_bytes(damage)
    assert cached("a", lambda: b"two") == b"two"
    assert cached("a", never) == b"two"


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("VIDRESTORE_CACHE", str(tmp_path / "file"))
    assert cached("a", lambda: b"one") == b"one"
    assert (tmp_path / "file").read_text() == "not a folder"


def test_what_was_not_used_for_longest_goes_first(where: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(cache, "LARGEST", 300)
    for age, name in enumerate("cba"):
        cached(name, lambda: b"x" * 68)  # and 32 of the hash
        os.utime(where / f"{name}.bin", times=(time.time() - 10 + age,) * 2)
    cached("c", never)
    cached("d", lambda: b"x" * 68)
    assert {file.name for file in where.iterdir()} == {"a.bin", "c.bin", "d.bin"}


def test_another_file_in_the_folder_is_left_alone(where: Path, monkeypatch: pytest.MonkeyPatch):
    where.mkdir()
    (where / "notes.txt").write_text("x" * 500)
    monkeypatch.setattr(cache, "LARGEST", 100)
    cached("a", lambda: b"x" * 10)
    assert (where / "notes.txt").exists()


def _fill(number: int) -> bytes:
    return b"".join(cached(f"key{i}", partial(_data, i)) for i in range(20))


def _data(i: int) -> bytes:
    return bytes([i]) * 100_000


def test_several_processes_at_once(where: Path):
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        results = pool.map(_fill, range(3))
    assert all(result == b"".join(map(_data, range(20))) for result in results)
    assert len(list(where.iterdir())) == 20


class Scaled(nn.Module):
    def __init__(self, factor: object = 2.0):
        super().__init__()
        self.factor = factor
        self.conv = nn.Conv2d(1, 1, 1)
        nn.init.ones_(self.conv.weight)
        nn.init.zeros_(self.conv.bias)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x) * self.factor


def test_fingerprint():
    one = fingerprint(Scaled())
    assert one == fingerprint(Scaled()) and one is not None
    assert fingerprint(Scaled(3.0)) != one
    assert fingerprint(Scaled(), "bf16") != one
    assert fingerprint(Scaled(lambda: 2)) is None, "a function may do anything"
    assert fingerprint(Scaled(torch.rand(3))) is None
    other = Scaled()
    nn.init.constant_(other.conv.bias, 1e-7)
    assert fingerprint(other) != one
    assert fingerprint(Espcn(2).core) != fingerprint(Espcn(2).core), "random weights"


@pytest.mark.parametrize("place", ["engine/backends/layers.py", "models/networks/espcn.py", "models/kernels/motion.py"])
def test_a_change_in_any_file_that_a_network_may_call_is_seen(place: str, tmp_path: Path):
    shutil.copytree(PACKAGE, tmp_path / "package", ignore=shutil.ignore_patterns("__pycache__"))
    before = code(tmp_path / "package")
    code.cache_clear()
    assert code(tmp_path / "package") == before
    code.cache_clear()
    with (tmp_path / "package" / place).open("a") as file:
        file.write("# changed\n")
    assert code(tmp_path / "package") != before


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_second_start_converts_nothing_and_computes_the_same(
    where: Path, monkeypatch: pytest.MonkeyPatch, precision: str
):
    network = Espcn(2)
    example = network.prepare(torch.rand(1, 1, 1, 32, 32))
    inputs = network.prepare(torch.rand(2, 1, 1, 50, 70))
    engine = choose(Settings(device="cpu", engine="openvino", precision=precision))
    first = engine.compile(network.core, example)(*inputs)
    monkeypatch.setattr("openvino.convert_model", never)
    second = engine.compile(network.core, example)(*inputs)
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
    with pytest.raises(TypeError):
        engine.compile(Espcn(2).core, example)


def test_an_entry_of_another_key_is_made_again(where: Path):
    cached("a", lambda: b"one")
    (where / "b.bin").write_bytes((where / "a.bin").read_bytes())
    assert cached("b", lambda: b"two") == b"two"


def test_a_whole_entry_that_is_no_network_is_compiled_anew(where: Path):
    engine, x = choose(Settings(engine="openvino", precision="fp32")), torch.rand(1, 1, 8, 8)
    core = nn.Conv2d(1, 1, 3).eval()
    (expected,) = engine.compile(core, (x,))(x)
    (entry,) = where.glob("*.bin")
    for content in (b"", b"foreign", bytes(range(256)) * 40):
        entry.write_bytes(cache._sum(entry, content) + content)
        (made,) = engine.compile(core, (x,))(x)
        assert torch.equal(made, expected)
