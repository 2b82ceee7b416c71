"""Checks of exports and usage: the same day by every way in, held against the file itself."""

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode

from local.api_client import DownloadError
from local.deployment import DeploymentError, aws_errors_for_people
from local.smoke.cost import TRANSFER_USD_PER_BYTE
from local.smoke.csv_file import read_csv_file
from local.smoke.seen import NotCheckedError, Seen
from local.smoke.smoke import Smoke, reached

_LONGEST_WAIT: Final = 900
"""Seconds for one export."""
_OVER: Final = ":row-limit-exceeded"


def by_api(smoke: Smoke) -> Seen:
    """An admin's export of the day succeeds."""
    workspace = smoke.named_workspace()
    until = time.monotonic() + _LONGEST_WAIT

    def progress(_: Mapping[str, Any]) -> None:
        if time.monotonic() > until:
            raise TimeoutError

    try:
        with reached(smoke.api_url):
            answer = smoke.admin().export(smoke.timeframe(), progress)
    except TimeoutError:
        return Seen(f"it has no outcome after {_LONGEST_WAIT} seconds", ok=False)
    if answer.status == 403:
        return Seen("403: the authorizer takes the token for none of an admin", ok=False)
    export = answer.body
    if export.get("workspace_id") not in (None, workspace):
        raise DeploymentError(
            f"The token is one of the workspace {export['workspace_id']}, not of {workspace}: "
            "name that with --workspace, or take a token of this one."
        )
    seen = _outcome(export)
    if seen.ok:
        smoke.export = export
    return seen


def directly(smoke: Smoke) -> Seen:
    """The same export by direct invocation succeeds, and comes to the same."""
    export = _invoke(smoke, {})
    seen = _outcome(export)
    if seen.ok:
        smoke.direct = export
    if smoke.export is None or not seen.ok:
        return seen
    faults = [
        f"{name} is not as by the API"
        for name in ("timeframe", "control_totals")
        if export[name] != smoke.export[name]
    ]
    if export["file"]["size_bytes"] != smoke.export["file"]["size_bytes"]:
        faults.append("its file is not as long as that by the API")
    return Seen.of(faults, f"{seen.text}, as by the API")


def file(smoke: Smoke) -> Seen:
    """The file adds up to the control totals, and holds the day's calls in order."""
    export = smoke.made()
    usd = TRANSFER_USD_PER_BYTE * export["file"]["size_bytes"]
    if usd > smoke.usd_left:
        size = f"{export['file']['size_bytes']:,} bytes"
        raise NotCheckedError(f"to download {size} may cost ${usd:.3f}: see --max-usd")
    path = smoke.folder / "export.csv"
    try:
        smoke.api(None).download(export["file"], path)
        smoke.file = read_csv_file(path)
    except (DownloadError, UnicodeDecodeError, ValueError) as error:
        return Seen(f"the file cannot be read: {error}", ok=False)
    faults = smoke.file.differences(export["control_totals"])
    if not smoke.file.in_order:
        faults.append("its dates go back")
    start, end = (_as_in_the_file(export["timeframe"][bound]) for bound in ("start", "end"))
    if smoke.file.all.rows and not start <= smoke.file.first <= smoke.file.last < end:
        faults.append(f"it has calls from {smoke.file.first} to {smoke.file.last}")
    totals, cost = smoke.file.all, export["control_totals"]["cost_usd"]
    if not totals.rows and not faults:
        raise NotCheckedError("the day has no calls: name a busier one with --day")
    return Seen.of(
        faults,
        f"{totals.rows:,} rows, {totals.input_tokens:,} and {totals.output_tokens:,} tokens, "
        f"${cost}, {totals.unpriced_calls:,} unpriced: as the control totals",
    )


def over_limit(smoke: Smoke) -> Seen:
    """With a limit one below the count, the export is rejected with parts that fit."""
    made = smoke.made()
    rows = made["row_count"]
    if rows < 2:
        raise NotCheckedError(f"the day has {rows} calls: name a busier one with --day")
    answer = _invoke(smoke, {"row_limit": rows - 1})
    if not str((answer.get("error") or {}).get("type")).endswith(_OVER):
        return Seen(f"with a limit of {rows - 1:,}: {_outcome(answer).text}", ok=False)
    faults = [
        f"{name} is {answer[name]!r}"
        for name, expected in {
            "status": "rejected",
            "row_count": rows,
            "row_limit": rows - 1,
            "files": [],
        }.items()
        if answer[name] != expected
    ]
    parts = answer["suggested_timeframes"] or []
    if not _tile(parts, answer["timeframe"]):
        faults.append("the suggested timeframes leave gaps")
    if sum(part["rows"] for part in parts) != rows:
        faults.append("the suggested timeframes do not add up to the count")
    if any(part["fits"] is not (part["rows"] < rows) for part in parts):
        faults.append("a suggested timeframe is said to fit that does not")
    return Seen.of(faults, f"{rows:,} rows, one over the limit: {len(parts)} timeframes suggested")


def raised_limit(smoke: Smoke) -> Seen:
    """No event can raise the limit."""
    limit = smoke.made()["row_limit"]
    answer = _invoke(smoke, {"row_limit": limit + 1})
    fields = [error["field"] for error in answer.get("errors", ())]
    if fields == ["row_limit"]:
        return Seen(f"{limit + 1:,} is refused", ok=True)
    return Seen(f"{limit + 1:,} is not refused: {_outcome(answer).text}", ok=False)


def usage(smoke: Smoke) -> Seen:
    """`GET /usage` says the same of the same calls."""
    admin, export = smoke.admin(), smoke.made()
    path = f"/usage?{urlencode(export['timeframe'])}"
    until = time.monotonic() + _LONGEST_WAIT
    with reached(smoke.api_url):
        answer = admin.call("GET", path)
        while answer.status == 202 and time.monotonic() < until:
            time.sleep(smoke.poll_seconds)
            answer = admin.call("GET", path)
    if answer.status != 200 or "totals" not in answer.body:
        return Seen(f"{answer.status}: {_words(answer.body)}", ok=False)
    totals, told = answer.body["totals"], export["control_totals"]
    faults = [
        f"{name}: {totals[name]}, {told[of_export]} in the export"
        for name, of_export in {
            "calls": "rows",
            **dict.fromkeys(("input_tokens", "output_tokens", "cost_usd", "unpriced_calls")),
        }.items()
        for of_export in [of_export or name]
        if totals[name] != told[of_export]
    ]
    return Seen.of(faults, f"{totals['calls']:,} calls, ${totals['cost_usd']}: as the export")


def _invoke(smoke: Smoke, further: Mapping[str, Any]) -> dict[str, Any]:
    """What a direct invocation answers."""
    event = {"workspace_id": smoke.named_workspace(), **smoke.timeframe(), **further}
    with aws_errors_for_people("lambda:InvokeFunction", f"the function {smoke.function}"):
        client = smoke.client("lambda")
        try:
            answer = client.invoke(FunctionName=smoke.function, Payload=json.dumps(event))
        except client.exceptions.ResourceNotFoundException as error:
            raise DeploymentError(f"There is no function {smoke.function}.") from error
        payload = json.loads(answer["Payload"].read())
    if not isinstance(payload, dict):
        return {"message": "the function answers with no object"}
    if "FunctionError" in answer:
        return {"message": f"the function failed: {payload.get('errorMessage')}"}
    return payload


def _outcome(export: Mapping[str, Any]) -> Seen:
    """How an export ended."""
    error = export.get("error") or export
    if str(error.get("type", "")).endswith(_OVER):
        count, limit = export["row_count"], export["row_limit"]
        text = f"the day has {count:,} calls, and an export {limit:,}: name another with --day"
        raise NotCheckedError(text)
    if export.get("status") == "succeeded":
        return Seen(f"succeeded: {export['row_count']:,} rows", ok=True)
    return Seen(f"{export.get('status', 'no export')}: {_words(error)}", ok=False)


def _words(answer: Mapping[str, Any]) -> str:
    return str(answer.get("detail") or answer.get("message") or "no more is said")


def _tile(parts: Sequence[Mapping[str, Any]], whole: Mapping[str, str]) -> bool:
    """Whether parts are the whole without gaps."""
    bounds = [(part["start"], part["end"]) for part in parts]
    starts, ends = [start for start, _ in bounds], [end for _, end in bounds]
    return [*starts, whole["end"]] == [whole["start"], *ends]


def _as_in_the_file(instant: str) -> str:
    return instant.replace("T", " ").removesuffix("Z")
