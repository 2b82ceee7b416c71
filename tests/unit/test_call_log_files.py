"""Which files of a folder are call logs."""

from pathlib import Path

import pytest

from local.aws.call_logs import CallLogsError, call_log_files

PARQUET = b"PAR1 some bytes PAR1"
DAY = "workspace_id=ws-acme/day=2026-01-31"


def put(folder: Path, name: str, content: bytes = PARQUET) -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    return file


def found(folder: Path) -> list[str]:
    return [file.as_posix() for file in call_log_files(folder)]


def test_any_file_of_a_partition_is_one_whatever_its_ending(tmp_path: Path) -> None:
    for name in ("calls.parquet", "part-0001", "calls.PARQUET"):
        put(tmp_path, f"{DAY}/{name}")
    assert found(tmp_path) == [f"{DAY}/calls.PARQUET", f"{DAY}/calls.parquet", f"{DAY}/part-0001"]


def test_hidden_files_and_what_lies_beside_the_workspaces_are_none(tmp_path: Path) -> None:
    put(tmp_path, f"{DAY}/calls.parquet")
    for name in (f"{DAY}/_SUCCESS", f"{DAY}/.crc", "_temporary/x.parquet", "README.md"):
        put(tmp_path, name, b"")
    assert found(tmp_path) == [f"{DAY}/calls.parquet"]


def test_linked_folders_are_followed_and_loops_do_no_harm(tmp_path: Path) -> None:
    put(tmp_path / "elsewhere", "day=2026-01-31/calls.parquet")
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "workspace_id=ws-acme").symlink_to(tmp_path / "elsewhere")
    assert found(logs) == [f"{DAY}/calls.parquet"]
    (logs / "again").symlink_to(logs)
    with pytest.raises(CallLogsError, match="again"):
        call_log_files(logs)


@pytest.mark.parametrize(
    "name",
    [
        "calls.parquet",
        "workspace_id=ws-acme/calls.parquet",
        f"{DAY}/more/calls.parquet",
        "workspace_id=ws/day=2026-02-30/calls.parquet",
        "workspace_id=a b/day=2026-01-31/calls.parquet",
    ],
)
def test_a_file_out_of_place_is_named(tmp_path: Path, name: str) -> None:
    put(tmp_path, name)
    with pytest.raises(CallLogsError, match="is not where a call log lies"):
        call_log_files(tmp_path)


def test_a_file_that_is_not_parquet_is_named(tmp_path: Path) -> None:
    put(tmp_path, f"{DAY}/notes.txt", b"not at all")
    with pytest.raises(CallLogsError, match=r"notes\.txt .* is not a Parquet file"):
        call_log_files(tmp_path)
