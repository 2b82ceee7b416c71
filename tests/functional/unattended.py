"""Unattended exports from outside: the events that ask for them, and all that they leave in AWS."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

from local.stack import LocalStack
from tests.functional.athena_caller import AthenaCaller, calls, write_call_log
from tests.functional.conftest import WORKSPACE, Caller
from tests.parquet_oracle import HEADER, Row, csv_rows, logged_calls, total_cost

EVENTS = Path(__file__).parents[2] / "events"
HOUR = timedelta(hours=1)

Invoke = Callable[[Any], Any]


def saved_event(name: str) -> dict[str, Any]:
    """An event of `events/`."""
    content: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text())
    return content


def scheduled_event(
    workspace: str | Sequence[str], schedule: str, scheduled_time: datetime, **changes: Any
) -> dict[str, Any]:
    """What EventBridge Scheduler sends for a schedule of this name."""
    known = saved_event("scheduled-previous-month")
    return known | {
        "workspace_id": workspace,
        "schedule_arn": f"{known['schedule_arn'].rpartition('/')[0]}/{schedule}",
        "scheduled_time": scheduled_time.isoformat().replace("+00:00", "Z"),
        **changes,
    }


def log_calls(
    stack: LocalStack, folder: Path, workspace: str, instants: Iterable[datetime]
) -> None:
    """Let a workspace have made a call at each of these instants (naive, UTC).

    The Parquet files lie in `folder`, too, for the oracle: one a day.
    """
    days: dict[str, list[dict[str, Any]]] = {}
    for number, called_at in enumerate(instants):
        days.setdefault(f"{called_at:%Y-%m-%d}", []).append(_call(workspace, number, called_at))
    for day, rows in days.items():
        write_call_log(folder, workspace, day, calls(rows))
    stack.aws.add_call_logs(folder)


def _call(workspace: str, number: int, called_at: datetime) -> dict[str, Any]:
    has_prices = number % 11 != 5
    return {
        "call_id": f"{workspace}-{number * 7919 % 100_003:06}",  # in another order than in time
        "called_at": called_at,
        "api_key_id": f"key-{number % 3}",
        "api_key_name": ("production", 'say "x", é', None)[number % 3],
        "provider": ("openai", "anthropic")[number % 2],
        "model": ("gpt-4o", "claude", "=cmd()", "text-embedding-3-small")[number % 4],
        "call_type": "embedding" if number % 4 == 3 else "completion",
        "input_tokens": number * 37 % 5_000 + 1,
        "output_tokens": None if number % 4 == 3 else number * 91 % 3_000,
        "completion_time_ms": number % 900,
        "input_token_price": Decimal("2.500001") if has_prices else None,
        "output_token_price": Decimal("0.000007") if has_prices else None,
    }


class Traces:
    """What the exports of one workspace have left."""

    def __init__(self, stack: LocalStack, workspace: str) -> None:
        self._stack = stack
        self._s3 = stack.aws.client("s3")
        self._athena = stack.aws.client("athena")
        self._bucket = stack.template.physical_name("ExportBucket")
        self.workspace = workspace

    def exports(self) -> list[dict[str, Any]]:
        """Their manifests, as stored."""
        return [json.loads(self.read(key)) for key in self._keys(f"exports/{self.workspace}/")]

    def export(self) -> dict[str, Any]:
        """The manifest of the one export that there is."""
        (export,) = self.exports()
        return export

    def marks(self) -> list[str]:
        """The ids of the exports that are not over and told."""
        return [key.rpartition("/")[2] for key in self._keys(f"running/{self.workspace}/")]

    def folders(self) -> list[str]:
        """The folders into which something was delivered."""
        keys = self._keys(f"scheduled/{self.workspace}/")
        return sorted({key.rpartition("/")[0] for key in keys})

    def names(self, folder: str) -> set[str]:
        """The names in one of these folders."""
        return {key.rpartition("/")[2] for key in self._keys(f"{folder}/")}

    def delivered(self, export: Mapping[str, Any]) -> dict[str, bytes]:
        """Name → content of what lies in the folder of an export's resource."""
        prefix = export["delivered_to"].removeprefix(f"s3://{self._bucket}/")
        assert prefix.endswith("/")
        return {key.removeprefix(prefix): self.read(key) for key in self._keys(prefix)}

    def queries(self, text: str = "") -> list[dict[str, Any]]:
        """Every query that Athena was asked over the workspace's calls, with `text` in it."""
        ids = self._athena.list_query_executions(
            WorkGroup=self._stack.template.physical_name("WorkGroup")
        )["QueryExecutionIds"]
        found: list[dict[str, Any]] = []
        for first in range(0, len(ids), 50):
            batch = self._athena.batch_get_query_execution(
                QueryExecutionIds=ids[first : first + 50]
            )
            found += batch["QueryExecutions"]
        mine = f"workspace_id = '{self.workspace}'"
        return [query for query in found if mine in query["Query"] and text in query["Query"]]

    def states(self) -> set[str]:
        """The states of those queries."""
        return {query["Status"]["State"] for query in self.queries()}

    def read(self, key: str) -> bytes:
        """An object of the export bucket."""
        content: bytes = self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        return content

    def _keys(self, prefix: str) -> list[str]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=prefix
        )
        return [item["Key"] for page in pages for item in page.get("Contents", [])]


class Inbox:
    """A queue that is subscribed to the topic of outcomes, from now on."""

    _names = (f"inbox-{number}" for number in count())

    def __init__(self, stack: LocalStack, **attributes: Sequence[str]) -> None:
        """Only of messages whose attributes have one of these values."""
        self._sqs = stack.aws.client("sqs")
        self._url = self._sqs.create_queue(QueueName=next(self._names))["QueueUrl"]
        queue = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=["QueueArn"])
        environment = stack.template.functions()["ExportFunction"].environment
        self._sns = stack.aws.client("sns")
        self._subscription = self._sns.subscribe(
            TopicArn=environment["OUTCOME_TOPIC_ARN"],
            Protocol="sqs",
            Endpoint=queue["Attributes"]["QueueArn"],
            Attributes={"FilterPolicy": json.dumps(attributes)} if attributes else {},
        )["SubscriptionArn"]

    def close(self) -> None:
        """Get no more: moto publishes to the first hundred subscriptions of a topic alone."""
        self._sns.unsubscribe(SubscriptionArn=self._subscription)

    def envelopes(self) -> list[dict[str, Any]]:
        """What has come since the last time, as SNS sends it."""
        found: list[dict[str, Any]] = []
        while messages := self._sqs.receive_message(QueueUrl=self._url, MaxNumberOfMessages=10).get(
            "Messages"
        ):
            for message in messages:
                found.append(json.loads(message["Body"]))
                self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
        return found

    def messages(self) -> list[dict[str, Any]]:
        """The same, but only what the product wrote."""
        return [json.loads(envelope["Message"]) for envelope in self.envelopes()]


@contextmanager
def busy_athena(stack: LocalStack) -> Iterator[None]:
    """Athena has more to do than it can at one time: what starts now stays in its queue."""
    athena = AthenaCaller(stack.aws)
    tables = ", ".join(f"api_calls AS t{number}" for number in range(4))
    kept = " AND ".join(
        f"t{number}.workspace_id = '{WORKSPACE}' AND t{number}.day > '2000-01-01'"
        for number in range(4)
    )
    sql = f"SELECT max(length(t0.call_id || t1.call_id || t2.call_id || t3.call_id)) FROM {tables}"
    others = [athena.start(f"{sql} WHERE {kept}") for _ in range(8)]
    try:
        yield
    finally:
        for query_id in others:
            athena.athena.stop_query_execution(QueryExecutionId=query_id)
        for query_id in others:
            assert athena.ended(query_id)["Status"]["State"] == "CANCELLED"


def assert_holds(
    caller: Caller, export: Mapping[str, Any], folder: Path, start: datetime, end: datetime
) -> list[Row]:
    """An export has all calls from start to end (naive, UTC): in its files, in order, and summed.

    Returns:
        The rows.
    """
    assert export["status"] == "succeeded"
    rows: list[Row] = []
    for file in export["files"]:
        _, content = caller.download(file["download_url"])
        header, held = csv_rows(content)
        assert header == HEADER
        assert len(content) == file["size_bytes"]
        assert len(held) == file["rows"] <= export["row_limit"]
        assert_sums(file["control_totals"], held)
        rows += held
    assert rows == logged_calls(folder, export["workspace_id"], start, end)
    assert export["row_count"] == len(rows)
    assert_sums(export["control_totals"], rows)
    assert_sums_up(export["control_totals"], export["control_totals"]["by_model"])
    assert_sums_up(export["control_totals"], [file["control_totals"] for file in export["files"]])
    return rows


def assert_sums(totals: Mapping[str, Any], rows: Sequence[Row]) -> None:
    """Control totals are what the rows of a CSV add up to."""
    assert totals["rows"] == len(rows)
    assert totals["input_tokens"] == sum(int(row[5] or 0) for row in rows)
    assert totals["output_tokens"] == sum(int(row[6] or 0) for row in rows)
    assert Decimal(totals["cost_usd"]) == total_cost(rows)  # here a call has both prices or none
    assert totals["unpriced_calls"] == sum(row[8] is None for row in rows)


def assert_sums_up(whole: Mapping[str, Any], parts: Sequence[Mapping[str, Any]]) -> None:
    """Control totals are what those of the parts add up to."""
    for name in ("rows", "input_tokens", "output_tokens", "unpriced_calls"):
        assert whole[name] == sum(part[name] for part in parts)
    assert Decimal(whole["cost_usd"]) == sum(Decimal(part["cost_usd"]) for part in parts)
