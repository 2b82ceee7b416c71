"""Charts and tables show what the logs hold."""

import json
import urllib.request
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode

from local.stack import LocalStack
from tests.browser.usage_page import ARROW_RIGHT, UsagePage
from tests.parquet_oracle import Row, logged_calls, total_cost

ZONE = "Europe/Berlin"


def usage(stack: LocalStack, **query: str) -> Any:
    """What the API answers."""
    token = stack.identity_provider.token()
    request = urllib.request.Request(  # noqa: S310 - on this machine
        f"{stack.url}/usage?{urlencode(query)}", headers={"Authorization": f"Bearer {token}"}
    )
    with urllib.request.urlopen(request) as response:  # noqa: S310
        return json.load(response)


def calls_of(call_logs: Path, answer: Any) -> list[Row]:
    """The calls of an answer's timeframe, as DuckDB reads them from the files."""
    start, end = (
        datetime.fromisoformat(answer["timeframe"][name]).replace(tzinfo=None)
        for name in ("start", "end")
    )
    return logged_calls(call_logs, "ws-acme", start, end)


def amount(text: str) -> Decimal:
    return Decimal(text.lstrip("$").replace(",", ""))


def some_weeks(today: date) -> dict[str, str]:
    """A timeframe that has ended, so that it is the same whenever it is asked for."""
    first, last = today - timedelta(days=24), today - timedelta(days=3)
    return {"start": first.isoformat(), "end": last.isoformat(), "timezone": ZONE}


def test_charts_and_tables_total_what_the_api_and_the_files_say(
    page: UsagePage, stack: LocalStack, call_logs: Path, today: date
) -> None:
    asked = some_weeks(today)
    answer = usage(stack, **asked)
    calls = calls_of(call_logs, answer)

    page.sign_in(f"#/?{urlencode({**asked, 'metric': 'calls'})}")
    page.wait_for_charts()

    cost = page.find(".tiles dd").get_attribute("data-exact")
    assert cost == answer["totals"]["cost_usd"]
    assert Decimal(str(cost)) == total_cost(calls)
    assert page.text(".tiles > div:nth-child(2) dd") == f"{len(calls):,}"
    assert page.text(".over-time .total") == f"{len(calls):,}"

    page.click("Figures as a table")
    figures = page.table(".figures")
    assert len(figures) == 22  # days
    for _day, total, *series in figures:
        assert amount(total) == sum(map(amount, series))
    assert sum(amount(total) for _day, total, *_ in figures) == len(calls)

    breakdown = page.table(".breakdown")
    by_model = {row["name"]: row for row in answer["tables"]["models"]}
    for name, _cost, _share, model_calls, *_ in breakdown:
        model = max((model for model in by_model if name.startswith(model)), key=len)
        logged = [row for row in calls if row[4] in {model, f"'{model}"}]
        assert amount(model_calls) == by_model[model]["calls"] == len(logged)


def test_the_chart_is_drawn_in_the_colors_of_its_series(page: UsagePage, today: date) -> None:
    page.sign_in(f"#/?{urlencode(some_weeks(today))}")
    page.wait_for_charts()
    colors = page.driver.execute_script("""
        const canvas = document.querySelector('.plot canvas');
        const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
        const found = new Set();
        for (let i = 0; i < data.length; i += 4) {
            if (data[i + 3] === 255) found.add(`rgb(${data[i]}, ${data[i + 1]}, ${data[i + 2]})`);
        }
        return [...document.querySelectorAll('.legend i')]
            .map(mark => getComputedStyle(mark).backgroundColor)
            .map(color => found.has(color));
    """)
    assert len(colors) > 3
    assert sum(colors) >= len(colors) - 2  # the smallest may be thinner than a pixel


def test_the_timeframe_is_changed_and_kept_in_the_address(
    page: UsagePage, stack: LocalStack, call_logs: Path, today: date
) -> None:
    page.sign_in()
    page.wait_for_charts()
    assert query(page)["period"] == ["last_30_days"]
    month = page.text(".tiles > div:nth-child(2) dd")

    page.click("Last 7 days")
    page.until(lambda: page.text(".tiles > div:nth-child(2) dd") != month)
    page.wait_for_charts()
    assert query(page)["period"] == ["last_7_days"]
    week = calls_of(
        call_logs, usage(stack, period="last_7_days", timezone=query(page)["timezone"][0])
    )
    assert abs(amount(page.text(".tiles > div:nth-child(2) dd")) - len(week)) <= 2  # time goes on

    page.click("Custom range")
    day = (today - timedelta(days=5)).isoformat()
    page.set_date(".range label:nth-child(1) input", day)
    page.set_date(".range label:nth-child(2) input", day)
    page.click("Apply")
    page.until(lambda: query(page).get("start") == [day])
    page.wait_for_charts()
    answer = usage(stack, start=day, end=day, timezone=query(page)["timezone"][0])
    wanted = f"{len(calls_of(call_logs, answer)):,}"
    page.until(lambda: page.text(".tiles > div:nth-child(2) dd") == wanted, wanted)

    page.driver.back()
    page.until(lambda: query(page).get("period") == ["last_7_days"])


def test_an_address_that_was_shared_shows_the_same(page: UsagePage, today: date) -> None:
    asked = {**some_weeks(today), "metric": "tokens", "by": "api_keys", "granularity": "week"}
    fragment = f"#/?{urlencode(asked)}"
    page.sign_in(fragment)
    page.wait_for("Tokens over time", ".over-time")
    page.wait_for("By API key", ".breakdown")
    assert {name: values[0] for name, values in query(page).items()} == asked
    page.click("Figures as a table")
    assert page.table(".figures")[0][0].startswith("Week of ")


def test_a_row_shows_it_alone_and_the_filter_is_taken_away_again(
    page: UsagePage, today: date
) -> None:
    page.sign_in(f"#/?{urlencode(some_weeks(today))}")
    page.wait_for_charts()
    all_calls = page.text(".tiles > div:nth-child(2) dd")
    name, _cost, _share, calls, *_ = page.table(".breakdown")[0]
    page.find(".breakdown tbody .link").click()
    page.until(lambda: page.text(".tiles > div:nth-child(2) dd") == calls, calls)
    assert page.text(".chips li:first-child").startswith("Provider: ")
    assert len(page.table(".breakdown")) == 1
    assert name.startswith(query(page)["models"][0])
    page.click("Clear all")
    page.until(lambda: page.text(".tiles > div:nth-child(2) dd") == all_calls)


def test_the_chart_and_the_hours_can_be_read_by_keyboard(page: UsagePage, today: date) -> None:
    page.sign_in(f"#/?{urlencode(some_weeks(today))}")
    page.wait_for_charts()
    page.press(".plot", ARROW_RIGHT)
    first = page.find(".plot").get_attribute("aria-valuetext")
    assert first
    assert f"{today - timedelta(days=24):%a, %b} {(today - timedelta(days=24)).day}" in first
    page.click("Figures as a table")
    assert page.table(".figures")[0][1] in first
    page.press(".heat td[tabindex='0']", ARROW_RIGHT)
    page.wait_for("Mon 01:00–02:00", ".busy-hours")


def test_tables_are_sorted_by_any_column(page: UsagePage, today: date) -> None:
    page.sign_in(f"#/?{urlencode(some_weeks(today))}")
    page.wait_for_charts()

    def calls() -> list[Decimal]:
        return [amount(row[3]) for row in page.table(".breakdown")]

    page.click("Calls", ".breakdown thead")
    page.until(lambda: calls() == sorted(calls(), reverse=True))
    page.click("Calls", ".breakdown thead")
    page.until(lambda: calls() == sorted(calls()))
    assert page.find(".breakdown th[aria-sort=ascending]").text.startswith("Calls")


def test_a_workspace_without_calls_says_so(page: UsagePage) -> None:
    page.sign_in(workspace="ws-empty")
    page.wait_for("No calls in this timeframe")
    assert page.text(".tiles dd") == "$0.00"


def test_a_timeframe_that_cannot_be_is_explained(page: UsagePage) -> None:
    page.sign_in("#/?start=2026-02-30&end=2026-03-01&timezone=UTC")
    page.wait_for("The start is not a date of the calendar", ".notice.error")
    page.click("Last 7 days")
    page.wait_for_charts()


def query(page: UsagePage) -> dict[str, list[str]]:
    """What the address says."""
    return parse_qs(page.driver.current_url.partition("?")[2])
