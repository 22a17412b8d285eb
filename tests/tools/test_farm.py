"""The files beside docs/farm.md, checked for their form, and the simulation of a driver."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FARM = ROOT / "tools" / "farm"


def test_the_cluster_of_kubernetes_has_its_form() -> None:
    yaml = pytest.importorskip("yaml", reason="PyYAML comes with the extras docs and farm")
    made = yaml.safe_load((FARM / "kuberay.yaml").read_text())
    assert (made["apiVersion"], made["kind"]) == ("ray.io/v1", "RayCluster")
    groups = [made["spec"]["headGroupSpec"], *made["spec"]["workerGroupSpecs"]]
    for group in groups:
        assert all(isinstance(value, str) for value in group["rayStartParams"].values())
        (container,) = group["template"]["spec"]["containers"]
        assert container["image"].startswith("vidrestore") and container["name"]
        assert all(isinstance(value, str) for value in container["resources"]["limits"].values())
    for group in groups[1:]:
        assert group["minReplicas"] <= group["replicas"] <= group["maxReplicas"] and group["groupName"]


def test_the_image_copies_what_is_there() -> None:
    lines = (FARM / "Containerfile").read_text().splitlines()
    copied = [name for line in lines if line.startswith("COPY ") for name in line.split()[1:-1]]
    assert copied and all((ROOT / name).exists() for name in copied)
    assert {line.split()[0] for line in lines if line and line[0] != "#"} <= {
        *("FROM", "ARG", "RUN", "WORKDIR", "COPY", "USER", "ENV", "ENTRYPOINT"),
    }


def test_a_driver_keeps_its_workers_busy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(FARM))
    monkeypatch.setattr(sys, "argv", ["scale.py", "--workers", "20", "--pieces", "100", "--megabytes", "0.01"])
    import scale

    scale.main()
    said = capsys.readouterr().out
    busy = float(said.split("workers busy ")[1].split("%")[0])
    assert 70 < busy <= 100, said
    assert not list(tmp_path.iterdir())
