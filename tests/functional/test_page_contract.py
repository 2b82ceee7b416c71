"""What the page reads is what the API sends: `web/src/contract.ts` beside the models."""

import json
import re
from enum import StrEnum

import pytest
from pydantic import BaseModel

from functions.export.routes import ExportPage
from local.page import PageConfig
from local.page.build import WEB
from shared import estimate, export, export_request, export_resource, problems, usage
from shared.call_log import Columns
from shared.lifecycle import MAX_PARTS
from shared.local_time import Granularity
from shared.timeframe import Period

CONTRACT = (WEB / "src" / "contract.ts").read_text()

# Interface → model, and what of the model the page has no use for.
MODELS: dict[str, tuple[type[BaseModel], set[str]]] = {
    "CompletionTime": (usage.CompletionTime, set()),
    "UsageTotals": (usage.UsageTotals, set()),
    "UsageRow": (usage.UsageRow, set()),
    "UsageSeries": (usage.UsageSeries, set()),
    "BusyHour": (usage.BusyHour, set()),
    "Usage": (usage.Usage, set()),
    "Interval": (export.ResolvedTimeframe, set()),
    "ExportRequest": (export_request.ExportRequest, set()),
    "CallTotals": (export.CallTotals, set()),
    "ControlTotals": (export.ControlTotals, set()),
    "Suggestion": (export.Suggestion, set()),
    "ExportFile": (export_resource.Download, set()),
    "Progress": (export_resource.Progress, set()),
    "Export": (export_resource.ExportResource, set()),
    "ExportPage": (ExportPage, set()),
    "Estimate": (estimate.Estimate, {"data_through"}),
    "Problem": (problems.Problem, set()),
    "RowLimitProblem": (problems.RowLimitProblem, set()),
}
NAMES: dict[str, type[StrEnum]] = {
    "Period": Period,
    "Granularity": Granularity,
    "OnLimit": export_request.OnLimit,
    "Status": export.Status,
}


def fields(interface: str) -> set[str]:
    """The field names of an interface, those it inherits included."""
    found = re.search(
        rf"interface {interface}( extends [\w, ]+)? \{{\n(.*?)^\}}",
        CONTRACT,
        re.MULTILINE | re.DOTALL,
    )
    assert found, f"there is no interface {interface}"
    inherited = re.findall(r"\w+", (found[1] or "").removeprefix(" extends"))
    own = set(re.findall(r"^  (\w+)\??:", found[2], re.MULTILINE))
    return own.union(*map(fields, inherited))


@pytest.mark.parametrize("interface", MODELS)
def test_an_interface_has_the_fields_of_its_model(interface: str) -> None:
    model, unread = MODELS[interface]
    assert fields(interface) == set(model.model_fields) - unread


@pytest.mark.parametrize("name", NAMES)
def test_a_type_names_the_values_of_its_enumeration(name: str) -> None:
    found = re.search(rf"type {name} =([^;]+);", CONTRACT)
    assert found
    assert set(re.findall(r'"(\w+)"', found[1])) == set(NAMES[name])


def test_the_page_reads_all_that_it_is_told_of_its_deployment() -> None:
    config = (WEB / "src" / "config.ts").read_text()
    found = re.search(r"^export interface Config \{\n(.*?)^\}", config, re.MULTILINE | re.DOTALL)
    assert found
    told = json.loads(PageConfig("/", "https://id.example.com", "page", 1).json())
    assert set(re.findall(r"^  (\w+):", found[1], re.MULTILINE)) == set(told)


def number(source: str, pattern: str) -> int:
    """The number that a source of the page has after a pattern."""
    found = re.search(rf"{pattern} (\d+)", (WEB / "src" / "exports" / source).read_text())
    assert found, f"{source} has no {pattern}"
    return int(found[1])


def test_an_export_has_as_many_files_as_the_page_offers() -> None:
    assert number("split.ts", "MAX_FILES =") == MAX_PARTS


@pytest.mark.parametrize("columns", Columns)
def test_the_page_guesses_the_size_of_a_file_as_the_estimate_does(columns: Columns) -> None:
    assert number("ExportPanel.tsx", f"{columns}:") == estimate._BYTES_PER_ROW[columns]


def test_the_dimensions_are_those_of_the_tables_and_of_the_series() -> None:
    found = re.search(r"type Dimension =([^;]+);", CONTRACT)
    assert found
    named = set(re.findall(r'"(\w+)"', found[1]))
    assert named == set(usage.UsageTables.model_fields) == set(usage.UsageSeriesBy.model_fields)
