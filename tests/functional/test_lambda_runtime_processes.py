import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from local.lambda_runtime import LambdaError, LambdaTimeoutError, TooManyRequestsError
from tests.functional.lambda_probe import NAME, error_of, eventually, probe, running

ROOT = Path(__file__).parents[2]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where processes meet."""
    place = tmp_path / "place"
    place.mkdir()
    return place


def test_a_process_is_used_again_and_keeps_its_state(tmp_path: Path) -> None:
    with running("probe.count", tmp_path) as runtime:
        first, second = runtime.invoke(NAME, {}), runtime.invoke(NAME, {})
    assert (first["calls"], second["calls"]) == (1, 2)
    assert first["pid"] == second["pid"] != os.getpid()


def test_events_at_once_run_side_by_side_in_processes_of_their_own(
    tmp_path: Path, place: Path
) -> None:
    meeting = {"place": str(place), "expected": 3}
    with running("probe.meet", tmp_path) as runtime, ThreadPoolExecutor() as callers:
        pids = set(callers.map(lambda _: runtime.invoke(NAME, meeting), range(3)))
    assert len(pids) == 3


def test_more_events_at_once_than_processes_are_throttled(tmp_path: Path, place: Path) -> None:
    meeting = {"place": str(place), "expected": 3}
    with (
        running("probe.meet", tmp_path, max_concurrency=2) as runtime,
        ThreadPoolExecutor() as callers,
    ):
        met = [callers.submit(runtime.invoke, NAME, meeting) for _ in range(2)]
        assert eventually(lambda: len(list(place.iterdir())) == 2)
        with pytest.raises(TooManyRequestsError, match=r"Rate Exceeded\."):
            runtime.invoke(NAME, meeting)
        (place / "third").touch()
        pids = {future.result() for future in met}
        assert len(pids) == 2
        assert runtime.invoke(NAME, meeting) in pids


def test_warming_loads_the_handler_of_one_process_ahead_of_the_first_event(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    with running(probe("marks_when_loaded.handler", MARK=str(mark)), tmp_path) as runtime:
        runtime.warm(NAME)
        runtime.warm(NAME)
        assert eventually(lambda: mark.exists() and mark.read_text())
        time.sleep(0.3)  # in which a second process would leave its mark
        assert [runtime.invoke(NAME, {})] == [int(pid) for pid in mark.read_text().split()]


def test_a_process_that_ended_between_two_events_is_replaced(tmp_path: Path) -> None:
    with running("probe.count", tmp_path) as runtime:
        pid = runtime.invoke(NAME, {})["pid"]
        os.kill(pid, signal.SIGKILL)
        time.sleep(0.1)
        assert runtime.invoke(NAME, {})["pid"] != pid


def test_a_function_that_prints_after_its_answer_holds_nobody_up(tmp_path: Path) -> None:
    with running("probe.talk_for_ever", tmp_path) as runtime:
        assert [runtime.invoke(NAME, {}) for _ in range(3)] == ["started"] * 3


def test_a_function_that_closes_its_output_is_waited_for_at_rest(tmp_path: Path) -> None:
    with running("probe.close_output", tmp_path) as runtime:
        busy = time.thread_time()
        assert runtime.invoke(NAME, 0.5) == "closed"
        assert time.thread_time() - busy < 0.2


def test_closing_ends_every_process_also_one_at_work(tmp_path: Path) -> None:
    heart = tmp_path / "heart"
    with running("probe.beat", tmp_path) as runtime, ThreadPoolExecutor() as callers:
        beating = callers.submit(runtime.invoke, NAME, str(heart))
        assert eventually(lambda: beats(heart))
        runtime.close()
        with pytest.raises(LambdaError, match="signal: killed"):
            beating.result(5)
        with pytest.raises(TooManyRequestsError, match="closed"):
            runtime.invoke(NAME, str(heart))
    assert stopped(heart)


def test_what_a_function_started_is_ended_with_it(tmp_path: Path) -> None:
    survivor = tmp_path / "survivor"
    error = error_of(probe("probe.start_another_program", timeout=1), tmp_path, str(survivor))
    assert isinstance(error, LambdaTimeoutError)
    time.sleep(0.6)
    assert not survivor.exists()


PROGRAM = """
import signal
from pathlib import Path
from tests.functional.lambda_probe import NAME, running

signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in what a shell put aside
if __name__ == "__main__":
    with running("probe.beat_or_echo", Path("{logs}")) as runtime:
        try:
            runtime.invoke(NAME, "{heart}")
        except KeyboardInterrupt:
            print(runtime.invoke(NAME, None), flush=True)
"""


@pytest.fixture
def program(tmp_path: Path) -> str:
    """A program with a function at work, and another event for it on Ctrl-C."""
    return PROGRAM.format(logs=tmp_path, heart=tmp_path / "heart")


def start(program: str) -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603  a program of this file
        [sys.executable, "-c", program],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # so that its group can get Ctrl-C, as from a terminal
    )


def beats(heart: Path) -> bool:
    return heart.exists() and bool(heart.read_text())


def stopped(heart: Path) -> bool:
    last = heart.read_text()
    time.sleep(0.3)
    return heart.read_text() == last


def test_processes_end_when_the_program_that_runs_them_is_killed(
    program: str, tmp_path: Path
) -> None:
    with start(program) as process:
        assert eventually(lambda: beats(tmp_path / "heart"), 20)
        process.kill()
    assert stopped(tmp_path / "heart")


def test_ctrl_c_reaches_the_program_alone_and_leaves_no_answer_to_the_wrong_event(
    program: str, tmp_path: Path
) -> None:
    with start(program) as process:
        assert eventually(lambda: beats(tmp_path / "heart"), 20)
        os.killpg(process.pid, signal.SIGINT)
        output, _ = process.communicate(timeout=20)
    assert (output, process.returncode) == ("None\n", 0)
    assert "KeyboardInterrupt" not in (tmp_path / "Probe.log").read_text()
    assert stopped(tmp_path / "heart")
