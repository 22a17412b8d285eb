"""What every test shares: where the data is, seeded randomness, one thread per library."""

import os
import signal
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch: a process for each core runs tests already

import pytest
import torch

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder with train/, eval/ and clips/. Absent: the test is skipped, but fails in CI, which has it."""
    folder = Path(os.environ.get("VIDRESTORE_DATA", REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        reason = f"no test data at {folder}; set VIDRESTORE_DATA"
        if os.environ.get("CI") == "true" and not os.environ.get("VIDRESTORE_NO_DATA"):
            pytest.fail(reason)
        pytest.skip(reason)
    return folder


def pytest_configure() -> None:
    """Stop signals that the shell ignores (nohup, `&` in a script) reach the commands that tests start and stop.

    A signal that is ignored stays so in every child; one that is caught has its default there.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, lambda *_: None)


@pytest.fixture(scope="session", autouse=True)
def _own_folders(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Nothing is taken from, or left in, the folders of whoever runs the tests; commands in processes inherit them."""
    os.environ["VIDRESTORE_CACHE"] = str(tmp_path_factory.mktemp("cache"))
    os.environ["VIDRESTORE_MODELS"] = str(tmp_path_factory.mktemp("models"))


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)
