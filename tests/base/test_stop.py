"""Stop signals: when they are heard, what they split and what they do not, and what commands say to them."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ..clips import make_clip

BEGIN = """
import os, signal, sys, time
from vidrestore.base import stop
signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job's is ignored
"""


def run(code: str) -> tuple[int, str, str]:
    """In a process of its own, which a stop that comes late would end, and not the one that runs the tests."""
    done = subprocess.run([sys.executable, "-c", BEGIN + code], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


def test_none_comes_before_a_command_listens_for_it_and_then_at_any_moment() -> None:
    assert run("""
stop.listen()
for number in stop.SIGNALS[1:]:
    signal.raise_signal(number)
    print(stop.asked())
    break
try:
    stop.check()
except KeyboardInterrupt:
    print("raised")
""") == (0, "15\nraised\n", "")
    assert run("""
stop.listen()
stop.check()
try:
    signal.raise_signal(signal.SIGTERM)
    print("never")
except KeyboardInterrupt:
    print("raised")
""") == (0, "raised\n", "")


def test_one_that_python_drops_is_raised_by_the_next_check_and_says_nothing() -> None:
    code = """
import ctypes
stop.listen()
stop.check()
ctypes.CFUNCTYPE(None)(lambda: signal.raise_signal(signal.SIGINT))()
try:
    stop.check()
except KeyboardInterrupt:
    print("raised")
"""
    assert run(code) == (0, "raised\n", "")
    failing = code.replace("signal.raise_signal(signal.SIGINT)", "1 / 0")
    assert "ZeroDivisionError" in run(failing)[2]


def test_none_splits_steps_that_are_held() -> None:
    assert run("""
stop.listen()
stop.check()
with stop.held():
    print("one")
    signal.raise_signal(signal.SIGINT)
    with stop.held():
        print("two")
    print("three")
print("four")
try:
    stop.check()
except KeyboardInterrupt:
    print(stop.asked())
""") == (0, "one\ntwo\nthree\nfour\n2\n", "")


def test_the_second_one_leaves_at_once_but_not_within_held_steps() -> None:
    code, out, errors = run("""
stop.listen("bye\\n")
stop.check()
with stop.held():
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(0.2)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(0.5)
    print("whole", flush=True)
time.sleep(20)
""")
    assert (code, out, errors) == (143, "whole\n", "bye\n")


def test_the_second_one_leaves_from_within_c_code_too() -> None:
    began = time.monotonic()
    code, _, _ = run("""
import ctypes
stop.listen()
pid, child = os.getpid(), os.fork()
if not child:  # its own signals are not heard by its parent
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(0.5)
    os.kill(pid, signal.SIGINT)
    time.sleep(0.5)
    os.kill(pid, signal.SIGINT)
    os._exit(0)
for _ in range(30):
    ctypes.CDLL(None).sleep(20)
""")
    assert code == 130 and time.monotonic() - began < 15


def test_one_at_the_end_of_a_process_changes_nothing() -> None:
    assert run("""
import atexit
stop.listen()
atexit.register(print, "over")
class AtTheEnd:
    def __del__(self, kill=os.kill, pid=os.getpid(), number=signal.SIGTERM):
        kill(pid, number)
kept = AtTheEnd()
sys.modules["kept"] = kept
""") == (0, "over\n", "")


def test_what_is_left_of_a_wait_for_an_import_ends_nothing() -> None:
    assert run("""
class AtTheEnd:
    def __del__(self, sleep=time.sleep):
        sleep(0.3)
sys.modules["kept"] = AtTheEnd()
stop.listen()
signal.setitimer(signal.ITIMER_REAL, 0.2)
""") == (0, "", "")


def test_what_is_ignored_stays_ignored() -> None:
    assert run("""
signal.signal(signal.SIGHUP, signal.SIG_IGN)
stop.listen()
stop.check()
signal.raise_signal(signal.SIGHUP)
stop.check()
print(stop.asked())
""") == (0, "0\n", "")


def test_one_that_comes_during_an_import_is_raised_after_it(tmp_path: Path) -> None:
    """In the imports of torch's C++ parts it aborts the process."""
    (tmp_path / "slow.py").write_text("""
import signal
signal.raise_signal(signal.SIGTERM)
try:
    signal.raise_signal(signal.SIGALRM)
finally:
    print("imported")
""")
    assert run(f"""
sys.path.insert(0, {str(tmp_path)!r})
stop.listen()
stop.check()
try:
    import slow
    print("after")
    time.sleep(20)
except KeyboardInterrupt:
    print("raised", stop.asked())
""") == (0, "imported\nafter\nraised 15\n", "")


DROPPING = """
from vidrestore.cli.errors import shows_errors

class Dropping:
    def __del__(self):
        signal.raise_signal(signal.SIGINT)

@shows_errors
def command():
    for number in range(3):
        stop.check()
        print("frame", number)
        Dropping()  # what is raised in __del__ goes nowhere

stop.listen()
try:
    command()
except BaseException as ended:
    print(ended.exit_code)
"""


def test_one_that_python_drops_still_ends_the_command() -> None:
    assert run(DROPPING) == (0, "frame 0\n130\n", "vidrestore: interrupted; nothing was written\n")


def test_one_that_a_library_makes_an_error_of_its_own_still_is_a_stop() -> None:
    code = """
from vidrestore.cli.errors import shows_errors

@shows_errors
def command():
    try:
        signal.raise_signal(signal.SIGTERM)
    except KeyboardInterrupt as error:
        raise ValueError(f"a schema: {error!r}")

stop.listen()
try:
    command()
except BaseException as ended:
    print(ended.exit_code)
"""
    assert run(code) == (0, "143\n", "vidrestore: interrupted; nothing was written\n")
    failing = code.replace("signal.raise_signal(signal.SIGTERM)", "raise KeyboardInterrupt")
    assert run(failing)[1] == ""  # nobody asked for a stop: an error of ours stays one


def command(*words: object, **more: object) -> "subprocess.Popen[str]":
    def plainly() -> None:
        # Background jobs inherit an ignored SIGINT from their shell, and Python leaves it so.
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | more
    return subprocess.Popen([sys.executable, *map(str, words)], text=True, preexec_fn=plainly, **pipes)


SLOW_IMPORTS = """
import sys, time

slow = sys.argv.pop()

class Slow:
    def find_spec(self, name, *_):
        if name == slow:
            print("now", flush=True)
            time.sleep(1)

sys.meta_path.insert(0, Slow())
import runpy
runpy.run_module("vidrestore", run_name="__main__", alter_sys=True)
"""


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM], ids=lambda how: how.name)
@pytest.mark.parametrize("module", ["vidrestore.cli", "typer", "vidrestore.restoration.pipeline"])
def test_one_that_comes_while_modules_are_imported_is_one_line(
    module: str, how: signal.Signals, tmp_path: Path
) -> None:
    source = make_clip(tmp_path / "in.mp4", frames=4)
    running = command("-c", SLOW_IMPORTS, "upscale", source, tmp_path / "out.mp4", "-m", "espcn", module)
    assert running.stdout is not None and running.stdout.readline() == "now\n"
    running.send_signal(how)
    _, errors = running.communicate(timeout=60)
    assert (running.returncode, errors) == (128 + how, "vidrestore: interrupted; nothing was written\n")
    assert [path.name for path in tmp_path.iterdir()] == ["in.mp4"]


def test_messages_that_go_nowhere_change_nothing(tmp_path: Path) -> None:
    """stderr is closed or full: the next file opened must not take its number either."""
    source = make_clip(tmp_path / "in.mp4", frames=4)

    def closed(*numbers: int) -> None:
        for number in numbers:
            os.close(number)

    words = ("-m", "vidrestore", "extract-frames", source)
    done = subprocess.run(
        [sys.executable, *map(str, words), str(tmp_path / "a")], preexec_fn=lambda: closed(0, 2), timeout=60
    )
    assert done.returncode == 0 and len(list((tmp_path / "a").iterdir())) == 5
    with open("/dev/full", "w") as full:
        done = subprocess.run([sys.executable, *map(str, words), str(tmp_path / "a")], stderr=full, timeout=60)
        assert done.returncode == 2


@pytest.mark.parametrize("words", ["models list", "--help", "info"])
def test_results_that_go_nowhere_are_an_error(words: str, tmp_path: Path) -> None:
    asked = ["-m", "vidrestore", *words.split()]
    if words == "info":
        asked.append(str(make_clip(tmp_path / "in.mp4", frames=4)))
    with open("/dev/full", "w") as full:
        done = command(*asked, stdout=full)
        errors = done.communicate(timeout=60)[1]
    assert (done.returncode, errors) == (5, "vidrestore: standard output cannot be written: No space left on device\n")
    done = subprocess.run(
        [sys.executable, *asked], preexec_fn=lambda: os.close(1), stderr=subprocess.PIPE, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (
        1,
        "vidrestore: standard output cannot be written: Bad file descriptor\n",
    )
