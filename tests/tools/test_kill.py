"""tools/checks/kill.py in short: two commands, stopped before each step that changes a name."""

import subprocess
import sys
from pathlib import Path

import pytest

TOOL = Path(__file__).resolve().parents[2] / "tools" / "checks" / "kill.py"


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("case", ["video over another", "frames over others"])
def test_results_are_old_or_new_wherever_a_command_is_stopped(case: str) -> None:
    words = [sys.executable, str(TOOL), "--moments", "4", "--only", case]
    done = subprocess.run(words, capture_output=True, text=True, timeout=1100)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("0 faults\n")
