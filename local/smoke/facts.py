"""What Athena does that its documentation does not say, and that the product lives with."""

import time
import uuid
from typing import Any, Final

from botocore.exceptions import ClientError

from local.aws_sentences import is_denied
from local.deployment import aws_errors_for_people
from local.smoke.seen import NotCheckedError, Seen
from local.smoke.smoke import Smoke
from shared.call_log import CSV_COLUMNS, TABLE, Columns
from shared.outcome import SCAN_LIMIT_REASON

_STATISTICS_SECONDS: Final = 30
"""How long Athena may take to know how many rows a query wrote."""
_LONGEST_QUERY: Final = 300
_TEXTS: Final = (
    """SELECT 'say "hi"' AS "Quoted, (Text)", cast(NULL AS varchar) AS "Nothing", '' AS "Empty\""""
)
_TEXTS_AS_CSV: Final = '"Quoted, (Text)","Nothing","Empty"\n"say ""hi""",,""\n'


def header(smoke: Smoke) -> Seen:
    """The first line of the file is the header, as the SQL has it."""
    line = smoke.downloaded().header
    names = [column.header for column in CSV_COLUMNS[Columns.STANDARD]]
    expected = (",".join(f'"{name}"' for name in names) + "\n").encode()
    text = "as written in the SQL, each name quoted, no byte order mark, ends in \\n"
    return Seen.of([] if line == expected else [f"it is {line[:200]!r}"], text)


def quoting(smoke: Smoke) -> Seen:
    """How Athena writes a quote, NULL, an empty text and the end of a line."""
    execution = _ended(smoke, _start(smoke, _TEXTS))
    _must_have_succeeded(execution)
    bucket, _, key = _location(execution).partition("/")
    with aws_errors_for_people("s3:GetObject", f"s3://{bucket}/{key}"):
        content = smoke.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    written = content.decode(errors="replace")
    text = 'a quote is doubled, NULL is bare, an empty text is "", lines end in \\n'
    return Seen.of([] if written == _TEXTS_AS_CSV else [f"it writes {written!r}"], text)


def output_rows(smoke: Smoke) -> Seen:
    """Whether Athena's count of the rows that a query wrote counts the header."""
    rows, query = smoke.made()["row_count"], smoke.rows_query()
    until = time.monotonic() + _STATISTICS_SECONDS
    counted = None
    while counted is None and time.monotonic() < until:
        with aws_errors_for_people("athena:GetQueryRuntimeStatistics", f"the query {query}"):
            statistics = smoke.client("athena").get_query_runtime_statistics(QueryExecutionId=query)
        counted = statistics["QueryRuntimeStatistics"].get("Rows", {}).get("OutputRows")
        if counted is None:
            time.sleep(smoke.poll_seconds)
    if counted is None:
        raise NotCheckedError(f"Athena says nothing of it within {_STATISTICS_SECONDS} seconds")
    meaning = {rows: "the header is not counted", rows + 1: "the header is counted"}
    text = f"{counted:,} of {rows:,} calls: {meaning.get(counted, 'it is neither')}"
    return Seen(text, ok=counted in meaning)


def cutoff(smoke: Smoke) -> Seen:
    """What Athena answers where a query would read more than its workgroup allows."""
    own, _ = smoke.athena_place
    if smoke.cutoff_workgroup is None:
        limit, is_enforced = _cutoff_of(smoke, own)
        if limit is None or not is_enforced:
            return Seen(f"the workgroup {own} enforces no cutoff", ok=False)
        raise NotCheckedError(
            f"the workgroup {own} enforces one of {limit:,} bytes, which would cost too much to "
            "reach; --cutoff-workgroup names one with a lower cutoff"
        )
    limit, _ = _cutoff_of(smoke, smoke.cutoff_workgroup)
    if limit is None:
        raise NotCheckedError(f"the workgroup {smoke.cutoff_workgroup} has no cutoff")
    statement = (
        f"SELECT * FROM {TABLE} WHERE workspace_id = '{smoke.named_workspace()}' "  # noqa: S608
        f"AND day = '{smoke.day}'"  # both of a form that has no quotes
    )
    execution = _ended(smoke, _start(smoke, statement, workgroup=smoke.cutoff_workgroup))
    state, reason = _state(execution)
    read = execution["Statistics"].get("DataScannedInBytes", 0)
    if state == "SUCCEEDED" and read <= limit:
        raise NotCheckedError(
            f"the day has {read:,} bytes, and the cutoff of {smoke.cutoff_workgroup} is {limit:,}: "
            "name a busier day with --day"
        )
    text = f"{state} after {read:,} bytes, cutoff {limit:,}: {reason or 'no reason'}"
    is_known = state == "CANCELLED" and SCAN_LIMIT_REASON.lower() in reason.lower()
    return Seen(text, is_known)


def same_token(smoke: Smoke) -> Seen:
    """What a ClientRequestToken that comes again answers, with the same statement."""
    token = uuid.uuid4().hex * 2
    first, again = (_start(smoke, "SELECT 1 AS one", token) for _ in range(2))
    _ended(smoke, first)
    last = _start(smoke, "SELECT 1 AS one", token)
    is_same = first == again == last
    return Seen("the same query, also once it is over" if is_same else "another query", is_same)


def changed_token(smoke: Smoke) -> Seen:
    """What a ClientRequestToken that comes again answers, with another statement."""
    token = uuid.uuid4().hex * 2
    _start(smoke, "SELECT 1 AS one", token)
    workgroup, database = smoke.athena_place
    with aws_errors_for_people("athena:StartQueryExecution", f"the workgroup {workgroup}"):
        try:
            _start_unless_refused(smoke, "SELECT 2 AS two", token, workgroup, database)
        except ClientError as error:
            if is_denied(error):
                raise
            said = error.response["Error"]
            return Seen(f"{said['Code']}: {said['Message']}", ok=True)
    return Seen("a query, and no error", ok=False)


def no_workspace(smoke: Smoke) -> Seen:
    """What a query that names no workspace answers: the engine itself guards tenancy."""
    # Of a day that has no calls: were it answered, there would be nothing to read.
    statement = f"SELECT count(*) AS calls FROM {TABLE} WHERE day = '{smoke.tomorrow}'"  # noqa: S608
    state, reason = _state(_ended(smoke, _start(smoke, statement)))
    return Seen(f"{state}: {reason or 'no reason'}", state == "FAILED" and "workspace_id" in reason)


def _start(
    smoke: Smoke, statement: str, token: str | None = None, *, workgroup: str | None = None
) -> str:
    own, database = smoke.athena_place
    workgroup = workgroup or own
    with aws_errors_for_people("athena:StartQueryExecution", f"the workgroup {workgroup}"):
        return _start_unless_refused(smoke, statement, token, workgroup, database)


def _start_unless_refused(
    smoke: Smoke, statement: str, token: str | None, workgroup: str, database: str
) -> str:
    """The id of a query. Raises `ClientError` where Athena refuses it."""
    started = smoke.client("athena").start_query_execution(
        QueryString=statement,
        ClientRequestToken=token or uuid.uuid4().hex,
        WorkGroup=workgroup,
        QueryExecutionContext={"Database": database},
    )
    return str(started["QueryExecutionId"])


def _ended(smoke: Smoke, query: str) -> dict[str, Any]:
    """A query once it is over. One whose own permissions are missing checks nothing."""
    until = time.monotonic() + _LONGEST_QUERY
    while True:
        with aws_errors_for_people("athena:GetQueryExecution", f"the query {query}"):
            found = smoke.client("athena").get_query_execution(QueryExecutionId=query)
        execution: dict[str, Any] = found["QueryExecution"]
        state, reason = _state(execution)
        if state not in ("QUEUED", "RUNNING"):
            break
        if time.monotonic() > until:
            raise NotCheckedError(f"the query {query} goes on for {_LONGEST_QUERY} seconds")
        time.sleep(min(smoke.poll_seconds, 1))
    if any(word in reason.lower() for word in ("denied", "not authorized")):
        raise NotCheckedError(f"your credentials do not do for the query: {reason}")
    return execution


def _must_have_succeeded(execution: dict[str, Any]) -> None:
    state, reason = _state(execution)
    if state != "SUCCEEDED":
        raise NotCheckedError(f"the query is {state}: {reason}")


def _state(execution: dict[str, Any]) -> tuple[str, str]:
    status = execution["Status"]
    return status["State"], status.get("StateChangeReason", "")


def _location(execution: dict[str, Any]) -> str:
    """Bucket and key of the result, with a slash between them."""
    location: str = execution["ResultConfiguration"]["OutputLocation"]
    return location.removeprefix("s3://")


def _cutoff_of(smoke: Smoke, workgroup: str) -> tuple[int | None, bool]:
    """Bytes, and whether clients are bound to the workgroup's settings."""
    with aws_errors_for_people("athena:GetWorkGroup", f"the workgroup {workgroup}"):
        found = smoke.client("athena").get_work_group(WorkGroup=workgroup)["WorkGroup"]
    settings = found["Configuration"]
    return settings.get("BytesScannedCutoffPerQuery"), bool(
        settings.get("EnforceWorkGroupConfiguration")
    )
