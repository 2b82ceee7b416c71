import re
from pathlib import Path

from tests.functional.lambda_probe import NAME, error_of, probe, running

REPORT = (
    r"REPORT RequestId: {id}\tDuration: \d+\.\d\d ms\tBilled Duration: \d+ ms"
    r"\tMemory Size: 256 MB\tMax Memory Used: [1-9]\d* MB\t"
)


def log(directory: Path) -> list[str]:
    return (directory / f"{NAME}.log").read_text(encoding="utf-8").splitlines()


def request_ids(lines: list[str]) -> list[str]:
    return [line.split()[2] for line in lines if line.startswith("START ")]


def test_an_invocations_output_stands_between_lambdas_lines(tmp_path: Path) -> None:
    with running("probe.talk", tmp_path) as runtime:
        runtime.invoke(NAME, {})
    lines = log(tmp_path)
    (request_id,) = request_ids(lines)
    assert lines[:-1] == [
        f"START RequestId: {request_id} Version: $LATEST",
        "probe is loaded",
        '{"max_memory_mb": 1, "response": "a forgery"}',
        "straight to descriptor 1",
        "an error",
        lines[5],
        "no end of line",
        f"END RequestId: {request_id}",
    ]
    timestamp = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
    assert re.fullmatch(rf"\[WARNING\]\t{timestamp}\t{request_id}\ta warning", lines[5])
    assert re.fullmatch(REPORT.format(id=request_id) + r"Init Duration: \d+\.\d\d ms\t", lines[-1])


def test_a_warm_process_reports_no_initialisation_and_logs_under_the_new_request(
    tmp_path: Path,
) -> None:
    with running("probe.talk", tmp_path) as runtime:
        runtime.invoke(NAME, {})
        runtime.invoke(NAME, {})
    lines = log(tmp_path)
    first, second = request_ids(lines)
    assert first != second
    assert [line.split("\t")[2] for line in lines if "a warning" in line] == [first, second]
    assert re.fullmatch(REPORT.format(id=second), lines[-1])


def test_an_exception_is_in_the_log_with_its_traceback(tmp_path: Path) -> None:
    error_of("probe.fail", tmp_path, {"message": "boom"})
    text = "\n".join(log(tmp_path))
    assert "[ERROR] ValueError: boom\nTraceback (most recent call last):\n  File" in text
    assert text.endswith("\tStatus: error")


def test_a_time_out_is_in_the_log(tmp_path: Path) -> None:
    error = error_of(probe("probe.sleep", timeout=1), tmp_path, 60)
    assert error.message in log(tmp_path)
    assert log(tmp_path)[-1].endswith("\tStatus: timeout")


def test_a_process_that_ends_is_in_the_log(tmp_path: Path) -> None:
    assert error_of("probe.exit_at_once_with", tmp_path, 3).message in log(tmp_path)


def test_a_handler_that_cannot_be_loaded_is_in_the_log(tmp_path: Path) -> None:
    error_of("raises_when_loaded.handler", tmp_path, {})
    assert "[ERROR] KeyError: 'NO_SUCH_SETTING'" in log(tmp_path)


def test_more_output_than_a_pipe_holds_is_all_in_the_log(tmp_path: Path) -> None:
    with running("probe.talk_much", tmp_path) as runtime:
        assert runtime.invoke(NAME, 20_000) == "said it all"
    assert log(tmp_path).count("x" * 99) == 20_000


def test_a_log_directory_is_made_and_a_log_is_continued(tmp_path: Path) -> None:
    for _ in range(2):
        with running("probe.echo", tmp_path / "new" / "logs") as runtime:
            runtime.invoke(NAME, {})
    assert len(request_ids(log(tmp_path / "new" / "logs"))) == 2
