"""Alarms and dashboard: each tells somebody, says what to do, and watches what there is."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from local.template import Template
from local.template.template import TEMPLATE
from tests.template.conftest import STREAMING

RUNBOOKS = TEMPLATE.parent / "docs/operations.md"
TOPIC = "arn:aws:sns:eu-central-1:123456789012:api-usage-export-AlarmTopic"
OURS = "ApiUsageExport"
FROM_LOGS = "ApiUsageExport/api-usage-export"

# As AWS documents the metrics of its services, with the dimensions they are kept by.
OF_AWS: dict[str, tuple[set[str], set[str]]] = {
    "AWS/ApiGateway": ({"ApiId"}, {"4xx", "5xx", "Count", "Latency"}),
    "AWS/Athena": (
        {"QueryState", "QueryType", "WorkGroup"},
        {"ProcessedBytes", "TotalExecutionTime"},
    ),
    "AWS/Firehose": (
        {"DeliveryStreamName"},
        {
            "DeliveryToS3.DataFreshness",
            "FailedConversion.Records",
            "IncomingRecords",
            "PartitionCountExceeded",
        },
    ),
    "AWS/Lambda": ({"FunctionName"}, {"Errors", "Throttles", "Invocations", "Duration"}),
    "AWS/Logs": ({"LogGroupName"}, {"IncomingLogEvents"}),
    "AWS/SQS": ({"QueueName"}, {"ApproximateNumberOfMessagesVisible"}),
}

WATCHED = {
    "AnalyticsErrorsAlarm": "analytics-errors",
    "ApiErrorsAlarm": "api-errors",
    "ApiLatencyAlarm": "api-latency",
    "AuthorizerErrorsAlarm": "authorizer-errors",
    "BytesScannedAlarm": "bytes-scanned",
    "ExportErrorsAlarm": "export-errors",
    "FailedDeliveriesAlarm": "failed-deliveries",
    "FailedInvocationsAlarm": "failed-invocations",
    "LateCallLogsAlarm": "late-call-logs",
    "MissingSweepsAlarm": "missing-sweeps",
    "RefusedScheduleAlarm": "refused-schedule",
    "ScheduledExportFailedAlarm": "failed-scheduled-export",
    "ScheduledExportRejectedAlarm": "rejected-scheduled-export",
    "ThrottlesAlarm": "throttles",
    "UndeliveredSchedulesAlarm": "undelivered-schedules",
    "UnfinishedExportAlarm": "unfinished-export",
    "UnwrittenCallsAlarm": "unwritten-calls",
}
OF_THE_STREAM = {"LateCallLogsAlarm", "UnwrittenCallsAlarm"}


@dataclass(frozen=True)
class Metric:
    """What an alarm or a widget looks at. Dimensions are all that the metric is kept by."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str | None], ...]


@pytest.fixture(scope="module")
def template(streaming: Template) -> Template:
    """With everything that alarms."""
    return streaming


def test_these_are_the_alarms(template: Template) -> None:
    assert set(alarms(template)) == set(WATCHED)


def test_without_the_call_log_stream_nothing_asks_for_it() -> None:
    without = Template.load(parameters=STREAMING | {"MakeCallLogStream": "false"})
    assert set(alarms(without)) == set(WATCHED) - OF_THE_STREAM
    (shown,) = [widget for widget in widgets(without) if widget["type"] == "alarm"]
    assert len(shown["properties"]["alarms"]) == len(alarms(without))
    assert not {metric.namespace for metric in watched_metrics(without)} & {
        "AWS/Firehose",
        "AWS/Logs",
    }


@pytest.mark.parametrize("settle", ["10", "45"])
def test_calls_are_late_once_exports_have_not_waited_for_them(settle: str) -> None:
    template = Template.load(parameters=STREAMING | {"SettleMinutes": settle})
    alarm = alarms(template)["LateCallLogsAlarm"]
    (shown,) = [query for query in alarm["Metrics"] if query.get("ReturnData", True)]
    (measured,) = [query for query in alarm["Metrics"] if "MetricStat" in query]
    assert shown["Expression"] == f"{measured['Id']} / 60"  # Firehose says it in seconds
    assert alarm["Threshold"] == int(settle)


def test_each_call_that_is_put_aside_and_each_error_alarms(template: Template) -> None:
    alarm = alarms(template)["UnwrittenCallsAlarm"]
    (shown,) = [query for query in alarm["Metrics"] if query.get("ReturnData", True)]
    counted = {query["Id"] for query in alarm["Metrics"] if "MetricStat" in query}
    assert set(re.findall(r"FILL\((\w+), 0\)", shown["Expression"])) == counted
    assert len(counted) == 3
    assert (alarm["Threshold"], alarm["EvaluationPeriods"]) == (1, 1)


def test_the_bytes_of_every_end_that_a_query_can_have_are_counted(template: Template) -> None:
    alarm = alarms(template)["BytesScannedAlarm"]
    states = {dict(metric.dimensions)["QueryState"] for metric in metrics_of_alarm(alarm)}
    assert states == {"SUCCEEDED", "FAILED", "CANCELED", "CANCELLED"}
    (shown,) = [query for query in alarm["Metrics"] if query.get("ReturnData", True)]
    counted = {query["Id"] for query in alarm["Metrics"] if "MetricStat" in query}
    assert set(re.findall(r"FILL\((\w+), 0\)", shown["Expression"])) == counted
    periods = {q["MetricStat"]["Period"] for q in alarm["Metrics"] if "MetricStat" in q}
    assert (periods, alarm["EvaluationPeriods"]) == ({3600}, 1)
    assert alarm["Threshold"] == int(template.parameters["HourlyBytesScanned"])


@pytest.mark.parametrize("name", sorted(WATCHED))
def test_an_alarm_says_what_happened_and_where_to_read_on(template: Template, name: str) -> None:
    description = alarms(template)[name]["AlarmDescription"]
    said = re.fullmatch(
        r"[A-Z][^\n]+\. What to do: docs/operations\.md#([a-z-]+)", description.strip()
    )
    assert said
    assert said[1] == WATCHED[name]
    assert len(description) <= 1024  # CloudWatch takes no more


@pytest.mark.parametrize("heading", sorted(WATCHED.values()))
def test_every_alarm_has_its_heading(heading: str) -> None:
    assert heading in headings(RUNBOOKS.read_text(encoding="utf-8"))


def test_every_heading_among_the_alarms_has_its_alarm() -> None:
    section = (
        RUNBOOKS.read_text(encoding="utf-8").partition("\n## Alarms\n")[2].partition("\n## ")[0]
    )
    assert headings(section) == sorted(WATCHED.values())


def test_alarms_lead_to_where_the_docs_are_found() -> None:
    base = "https://git.example.com/usage/blob/main/docs/operations.md"
    template = Template.load(parameters={**STREAMING, "RunbookUrl": base})
    for name, alarm in alarms(template).items():
        assert f"What to do: {base}#{WATCHED[name]}" in alarm["AlarmDescription"]


@pytest.mark.parametrize("topic", ["", "arn:aws:sns:eu-central-1:123456789012:on-call"])
def test_an_alarm_and_its_end_are_told_to_the_topic(topic: str) -> None:
    template = Template.load(parameters={**STREAMING, "AlarmTopicArn": topic})
    for alarm in alarms(template).values():
        assert alarm["AlarmActions"] == alarm["OKActions"] == [topic or TOPIC]
    assert ("AlarmTopic" in template.of_type("AWS::SNS::Topic")) is (topic == "")


@pytest.mark.parametrize("name", sorted(WATCHED))
def test_silence_is_well_but_for_sweeps(template: Template, name: str) -> None:
    silence = "breaching" if name == "MissingSweepsAlarm" else "notBreaching"
    assert alarms(template)[name]["TreatMissingData"] == silence


def test_whatever_waits_for_a_person_alarms_at_the_first(template: Template) -> None:
    for queue in template.of_type("AWS::SQS::Queue"):
        alarm = alarms(template)[f"{queue}Alarm"]
        assert list(metrics_of_alarm(alarm)) == [
            Metric(
                "AWS/SQS",
                "ApproximateNumberOfMessagesVisible",
                (("QueueName", template.physical_name(queue)),),
            )
        ]
        assert (alarm["Statistic"], alarm["Threshold"]) == ("Maximum", 1)
        assert alarm["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"


def test_every_functions_errors_and_throttles_are_watched(template: Template) -> None:
    for metric in ("Errors", "Throttles"):
        watched = {
            dict(seen.dimensions)["FunctionName"]
            for alarm in alarms(template).values()
            for seen in metrics_of_alarm(alarm)
            if seen.name == metric
        }
        assert watched == set(map(template.physical_name, template.functions()))


def test_a_sweep_is_missed_before_an_hour_is_over(template: Template) -> None:
    alarm = alarms(template)["MissingSweepsAlarm"]
    assert alarm["Statistic"] == "SampleCount"
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("LessThanThreshold", 1)
    assert 600 < alarm["Period"] * alarm["EvaluationPeriods"] <= 3600


def test_what_aws_is_asked_for_is_a_metric_of_its_own(template: Template) -> None:
    ours = {OURS, FROM_LOGS}
    watched = [metric for metric in watched_metrics(template) if metric.namespace not in ours]
    assert {metric.namespace for metric in watched} == set(OF_AWS)
    for metric in watched:
        dimensions, names = OF_AWS[metric.namespace]
        assert {name for name, _ in metric.dimensions} == dimensions
        assert metric.name in names


def test_the_dashboard_shows_every_alarm_and_every_metric_that_one_watches(
    template: Template,
) -> None:
    (shown,) = [widget for widget in widgets(template) if widget["type"] == "alarm"]
    assert sorted(arn.rpartition("-")[2] for arn in shown["properties"]["alarms"]) == sorted(
        WATCHED
    )
    seen = {
        (metric.namespace, metric.name)
        for widget in widgets(template)
        for metric in metrics_of_widget(widget)
    }
    for name, alarm in alarms(template).items():
        assert {(metric.namespace, metric.name) for metric in metrics_of_alarm(alarm)} <= seen, name


def test_the_dashboards_widgets_lie_beside_and_below_each_other(template: Template) -> None:
    taken: set[tuple[int, int]] = set()
    for widget in widgets(template):
        area = {
            (x, y)
            for x in range(widget["x"], widget["x"] + widget["width"])
            for y in range(widget["y"], widget["y"] + widget["height"])
        }
        assert max(x for x, _ in area) < 24  # the width of a dashboard
        assert not taken & area
        taken |= area
        assert widget["type"] == "alarm" or widget["properties"]["region"] == "eu-central-1"


def alarms(template: Template) -> dict[str, dict[str, Any]]:
    return template.of_type("AWS::CloudWatch::Alarm")


def widgets(template: Template) -> list[dict[str, Any]]:
    (dashboard,) = template.of_type("AWS::CloudWatch::Dashboard").values()
    found: list[dict[str, Any]] = json.loads(dashboard["DashboardBody"])["widgets"]
    return found


def watched_metrics(template: Template) -> Iterator[Metric]:
    """Every metric that an alarm or the dashboard looks at."""
    for alarm in alarms(template).values():
        yield from metrics_of_alarm(alarm)
    for widget in widgets(template):
        yield from metrics_of_widget(widget)


def metrics_of_alarm(alarm: Mapping[str, Any]) -> Iterator[Metric]:
    stats = [
        query["MetricStat"]["Metric"] for query in alarm.get("Metrics", []) if "MetricStat" in query
    ]
    for metric in stats or [alarm]:
        dimensions = tuple((one["Name"], one["Value"]) for one in metric.get("Dimensions", []))
        yield Metric(metric["Namespace"], metric["MetricName"], dimensions)


def metrics_of_widget(widget: Mapping[str, Any]) -> Iterator[Metric]:
    for row in widget["properties"].get("metrics", []):
        match row:
            case [{"expression": str(expression)}]:
                yield searched(expression)
            case [str(namespace), str(name), *rest]:
                words = [word for word in rest if isinstance(word, str)]
                yield Metric(namespace, name, tuple(zip(words[::2], words[1::2], strict=True)))
            case _:
                raise AssertionError(f"what does {row} show?")


def searched(expression: str) -> Metric:
    """The metrics that a search finds: a dimension without a value may have any."""
    found = re.fullmatch(r"SEARCH\('\{([^}]+)\} (.+)', '(Sum|Average)', 300\)", expression)
    assert found, expression
    namespace, *names = found[1].split(",")
    given = dict(re.findall(r'(\w+)="([^"]+)"', found[2]))
    name = given.pop("MetricName")
    assert set(given) <= set(names)
    return Metric(namespace, name, tuple((dimension, given.get(dimension)) for dimension in names))


def headings(markdown: str) -> list[str]:
    """The anchors of the third level's headings, as repositories' pages make them."""
    return sorted(
        re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-")
        for title in re.findall(r"^### (.+)$", markdown, re.MULTILINE)
    )
