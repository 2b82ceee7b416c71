"""The folder of sample call logs: kept, remade, refused, and never half made."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from local.sample_call_logs import (
    SampleCallLogsError,
    SampleSummary,
    ensure_sample_call_logs,
    write_sample_call_logs,
)
from local.sample_call_logs.parquet import write_calls

END = date(2026, 4, 5)


def _write(output: Path, *, seed: int = 7) -> SampleSummary:
    return write_sample_call_logs(output, rows=300, days=9, end=END, seed=seed)


def _files(output: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(output)): path.read_bytes()
        for path in output.rglob("*")
        if path.is_file()
    }


def test_samples_made_just_so_are_kept(tmp_path: Path) -> None:
    output = tmp_path / "call-logs"
    made = ensure_sample_call_logs(output, rows=300, days=9, end=END, seed=7)
    inode = output.stat().st_ino
    assert ensure_sample_call_logs(output, rows=300, days=9, end=END, seed=7) == made
    assert output.stat().st_ino == inode


@pytest.mark.parametrize(
    "change", [{"rows": 301}, {"days": 8}, {"end": END + timedelta(days=1)}, {"seed": 8}]
)
def test_stale_samples_are_remade(tmp_path: Path, change: dict[str, Any]) -> None:
    output, fresh = tmp_path / "call-logs", tmp_path / "fresh"
    asked: dict[str, Any] = {"rows": 300, "days": 9, "end": END, "seed": 7}
    ensure_sample_call_logs(output, **asked)
    ensure_sample_call_logs(output, **(asked | change))
    write_sample_call_logs(fresh, **(asked | change))
    assert _files(output) == _files(fresh)


def test_samples_of_an_earlier_generator_are_remade(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "call-logs"
    with monkeypatch.context() as earlier:
        earlier.setattr("local.sample_call_logs.folder._generator_version", lambda: "earlier")
        ensure_sample_call_logs(output, rows=300, days=9, end=END, seed=7)
    inode = output.stat().st_ino
    ensure_sample_call_logs(output, rows=300, days=9, end=END, seed=7)
    assert output.stat().st_ino != inode


def test_nothing_is_left_beside_the_samples(tmp_path: Path) -> None:
    _write(tmp_path / "call-logs")
    _write(tmp_path / "call-logs", seed=8)
    assert [path.name for path in tmp_path.iterdir()] == ["call-logs"]


def _interrupt_after_a_few_files(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[Path] = []

    def interrupted(calls: Any, file: Path) -> int:
        if len(written) == 5:
            raise KeyboardInterrupt
        written.append(file)
        return write_calls(calls, file)

    monkeypatch.setattr("local.sample_call_logs.folder.write_calls", interrupted)


def test_an_interrupted_run_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _interrupt_after_a_few_files(monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        _write(tmp_path / "call-logs")
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_run_leaves_earlier_samples_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "call-logs"
    _write(output)
    before = _files(output)
    _interrupt_after_a_few_files(monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        _write(output, seed=8)
    assert _files(output) == before
    assert [path.name for path in tmp_path.iterdir()] == ["call-logs"]


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    assert _write(tmp_path).rows == 300


def test_samples_without_rows_are_an_empty_folder_that_counts_as_made(tmp_path: Path) -> None:
    output = tmp_path / "call-logs"
    summary = write_sample_call_logs(output, rows=0, days=9, end=END, seed=7)
    assert summary == SampleSummary(0, 0, 0, dict.fromkeys(summary.workspaces, 0))
    assert ensure_sample_call_logs(output, rows=0, days=9, end=END, seed=7) == summary
    assert [path.name for path in output.iterdir()] == ["_sample.json"]


def test_a_folder_that_holds_something_else_is_refused_and_kept(tmp_path: Path) -> None:
    precious = tmp_path / "workspace_id=ws-acme" / "day=2026-04-01" / "real.parquet"
    precious.parent.mkdir(parents=True)
    precious.write_bytes(b"real")
    with pytest.raises(SampleCallLogsError, match="holds files that are not sample call logs"):
        _write(tmp_path)
    assert _files(tmp_path) == {"workspace_id=ws-acme/day=2026-04-01/real.parquet": b"real"}


def test_samples_that_somebody_added_to_are_refused_and_kept(tmp_path: Path) -> None:
    output = tmp_path / "call-logs"
    _write(output)
    precious = output / "workspace_id=ws-mine" / "day=2026-04-01" / "calls.parquet"
    precious.parent.mkdir(parents=True)
    precious.write_bytes(b"real")
    with pytest.raises(SampleCallLogsError, match="name another folder"):
        _write(output, seed=8)
    assert precious.read_bytes() == b"real"


def test_a_broken_marker_is_nobodys_samples(tmp_path: Path) -> None:
    (tmp_path / "_sample.json").write_text("{}", encoding="utf-8")
    with pytest.raises(SampleCallLogsError, match="holds files that are not sample call logs"):
        _write(tmp_path)


def test_a_file_in_the_way_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("mine", encoding="utf-8")
    with pytest.raises(SampleCallLogsError, match=r"notes\.txt is a file"):
        _write(file)
    with pytest.raises(SampleCallLogsError, match="cannot be written to"):
        _write(file / "call-logs")
    assert file.read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize(
    ("rows", "days", "sentence"),
    [(-1, 9, "rows is -1"), (1, 0, "days is 0"), (1, 800_000, "days is 800000")],
)
def test_impossible_sizes_are_refused_by_name(
    tmp_path: Path, rows: int, days: int, sentence: str
) -> None:
    with pytest.raises(SampleCallLogsError, match=sentence):
        write_sample_call_logs(tmp_path / "x", rows=rows, days=days, end=END, seed=7)
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_place_of_a_sample_is_not_taken_for_one(tmp_path: Path) -> None:
    folder = tmp_path / "calls"
    write_sample_call_logs(folder, rows=100, days=3, end=END, seed=1)
    own = next(folder.glob("workspace_id=*/day=*/*.parquet"))
    own.write_bytes(b"somebody's own calls")
    with pytest.raises(SampleCallLogsError, match="would be deleted"):
        write_sample_call_logs(folder, rows=200, days=3, end=END, seed=1)
    assert own.read_bytes() == b"somebody's own calls"


def test_samples_with_a_file_missing_are_made_again(tmp_path: Path) -> None:
    folder = tmp_path / "calls"
    summary = ensure_sample_call_logs(folder, rows=100, days=3, end=END, seed=1)
    next(folder.glob("workspace_id=*/day=*/*.parquet")).unlink()
    assert ensure_sample_call_logs(folder, rows=100, days=3, end=END, seed=1) == summary
    assert len(list(folder.glob("workspace_id=*/day=*/*.parquet"))) == summary.files
