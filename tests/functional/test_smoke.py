"""`smoke` on the local stack: all is well there, and each check sees what is not."""

import copy
import csv
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from local.deployment import DeniedError, DeploymentError
from local.smoke import access, exports, run, urls
from local.smoke.cost import OF_THE_CHECKS, OF_THE_PRODUCT
from local.smoke.run import CHECKS, Check, results
from local.smoke.seen import NotCheckedError, Seen
from local.smoke.smoke import Smoke
from local.stack import LocalStack
from tests.functional.conftest import OTHER_WORKSPACE
from tests.functional.refusing_aws import refusing_aws
from tests.functional.smoked import Instead, changed, invoked, smoke_of

JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def smoked(stack: LocalStack, today: date, tmp_path_factory: pytest.TempPathFactory) -> Smoke:
    """The stack after its exports were made."""
    smoke = smoke_of(stack, tmp_path_factory.mktemp("smoke"), today)
    for look in (exports.by_api, exports.directly, exports.file):
        assert look(smoke).ok
    return smoke


def with_export(smoke: Smoke, change: Callable[[Any], None]) -> Smoke:
    """The same with an export that was changed."""
    export = copy.deepcopy(smoke.export)
    change(export)
    return changed(smoke, export=export)


def invoking(smoke: Smoke, payload: Any, **further: Any) -> Smoke:
    """The same with a function that answers with a payload."""
    invoke = invoked(payload, **further)
    return changed(smoke, client=Instead(smoke.client, "lambda", invoke=invoke))


def queries(stack: LocalStack) -> set[str]:
    """Ids of all that Athena was asked for."""
    pages = stack.aws.client("athena").get_paginator("list_query_executions")
    workgroup = stack.template.physical_name("WorkGroup")
    return {
        each for page in pages.paginate(WorkGroup=workgroup) for each in page["QueryExecutionIds"]
    }


def fault(seen: Seen) -> str:
    """What a check that failed saw."""
    assert seen.ok is False, seen
    return seen.text


def test_all_is_well_and_what_was_not_given_is_not_checked(
    stack: LocalStack, today: date, tmp_path: Path
) -> None:
    told: list[str] = []
    before = queries(stack)
    found = list(results(smoke_of(stack, tmp_path, today), told.append))
    # none failed, to be tried again; no cutoff was to be reached; usage may be known from before
    at_once = OF_THE_PRODUCT + OF_THE_CHECKS - 1
    assert len(queries(stack) - before) in (at_once - 1, at_once)
    assert [result.check for result in found] == told == [check.name for check in CHECKS]
    not_ok = {result.check: result.seen for result in found if not result.seen.ok}
    assert {name: seen.ok for name, seen in not_ok.items()} == {
        "page": None,
        "Athena: bytes cutoff": None,
    }, not_ok
    assert "ServePage=true" in not_ok["page"].text
    cutoff = int(stack.template.parameters["BytesScannedCutoff"])
    assert f"enforces one of {cutoff:,} bytes" in not_ok["Athena: bytes cutoff"].text
    assert {result.lacks for result in found} == {""}


def test_without_a_stack_its_exports_say_where_it_is(
    stack: LocalStack, today: date, tmp_path: Path
) -> None:
    found = list(results(changed(smoke_of(stack, tmp_path, today), outputs=None), lambda _: None))
    not_ok = {result.check: result.seen.ok for result in found if not result.seen.ok}
    assert not_ok == {"stack outputs": None, "page": None, "Athena: bytes cutoff": None}


def test_without_tokens_and_workspace_what_can_be_checked_is(
    stack: LocalStack, today: date, tmp_path: Path
) -> None:
    bare = changed(smoke_of(stack, tmp_path, today), token=None, member_token=None, workspace=None)
    found = {result.check: result.seen.ok for result in results(bare, lambda _: None)}
    assert {name for name, ok in found.items() if ok} == {
        "stack outputs",
        "no token",
        "a made-up token",
        "Athena: quoting",
        "Athena: a token again",
        "Athena: a token, changed",
        "Athena: no workspace",
    }
    assert {ok for ok in found.values() if not ok} == {None}


def test_without_a_token_the_direct_export_is_held_against_its_file(
    stack: LocalStack, today: date, tmp_path: Path
) -> None:
    smoke = changed(smoke_of(stack, tmp_path, today), token=None)
    assert exports.directly(smoke).ok
    assert exports.file(smoke).ok
    with pytest.raises(NotCheckedError, match="no admin's token"):
        exports.usage(smoke)


class TestAccess:
    def test_missing_outputs_are_named(self, smoked: Smoke) -> None:
        assert smoked.outputs is not None
        less = {name: value for name, value in smoked.outputs.items() if name != "TableName"}
        assert fault(access.outputs(changed(smoked, outputs=less))) == "missing: TableName"
        half = {**smoked.outputs, "PageUrl": "https://page.example"}
        assert fault(access.outputs(changed(smoked, outputs=half))) == (
            "missing: PageBucketName, PageDistributionId, PageConfig"
        )

    @pytest.mark.parametrize("look", [access.nobody, access.made_up, access.member])
    def test_routes_that_let_everybody_in_are_named(
        self, smoked: Smoke, look: Callable[[Smoke], Seen]
    ) -> None:
        with refusing_aws(200, "{}", JSON) as url:
            said = fault(look(changed(smoked, api_url=url)))
        assert said.startswith("200 at POST /exports; 200 at POST /exports/estimate; ")
        assert "200 at GET /usage" in said

    def test_an_admin_is_no_member(self, smoked: Smoke) -> None:
        said = fault(access.member(changed(smoked, member_token=smoked.token)))
        # and nothing of what was asked would have cost anything
        assert said == (
            "422 at POST /exports; 422 at POST /exports/estimate; 200 at GET /exports; "
            "404 at GET /exports/{id}; 404 at DELETE /exports/{id}; 422 at GET /usage"
        )

    def test_an_api_that_is_not_there_ends_the_run(self, smoked: Smoke) -> None:
        with pytest.raises(DeploymentError, match=r"127\.0\.0\.1:9 cannot be reached: "):
            access.nobody(changed(smoked, api_url="http://127.0.0.1:9"))


class TestExports:
    def test_a_token_of_no_admin_is_said_to_be_one(self, smoked: Smoke) -> None:
        assert "403" in fault(exports.by_api(changed(smoked, token=smoked.member_token)))

    def test_a_token_of_another_workspace_ends_the_run(
        self, smoked: Smoke, stack: LocalStack
    ) -> None:
        other = stack.identity_provider.token(workspace_id=OTHER_WORKSPACE)
        with pytest.raises(DeploymentError, match=f"workspace {OTHER_WORKSPACE}, not of ws-acme"):
            exports.by_api(changed(smoked, token=other))

    @pytest.mark.parametrize(
        ("status", "body", "text"),
        [
            (200, {"status": "failed", "error": {"detail": "Athena broke."}}, "failed: Athena br"),
            (200, {"status": "cancelled", "error": None}, "cancelled: no more is said"),
            (500, {"message": "Internal Server Error"}, "no export: Internal Server Error"),
            (200, ["what is this"], "no export: The API answered with status 200."),
        ],
    )
    def test_an_export_that_fails_is_seen(
        self, smoked: Smoke, status: int, body: Any, text: str
    ) -> None:
        with refusing_aws(status, json.dumps(body), JSON) as url:
            assert fault(exports.by_api(changed(smoked, api_url=url))).startswith(text)

    def test_a_day_that_is_over_the_limit_by_itself_checks_nothing(self, smoked: Smoke) -> None:
        rejected = {
            "status": "rejected",
            "row_count": 7,
            "row_limit": 5,
            "error": {"type": "urn:api-usage-export:problem:row-limit-exceeded"},
        }
        with pytest.raises(NotCheckedError, match="the day has 7 calls, and an export 5"):
            exports.directly(invoking(smoked, rejected))

    def test_a_direct_export_that_differs_is_seen(self, smoked: Smoke) -> None:
        assert smoked.direct is not None
        other = copy.deepcopy(dict(smoked.direct))
        other["control_totals"]["input_tokens"] += 1
        other["file"]["size_bytes"] -= 1
        assert fault(exports.directly(invoking(smoked, other))) == (
            "control_totals is not as by the API; its file is not as long as that by the API"
        )

    def test_a_function_that_fails_or_is_not_there(self, smoked: Smoke) -> None:
        failing = invoking(smoked, {"errorMessage": "boom"}, FunctionError="Unhandled")
        assert "the function failed: boom" in fault(exports.directly(failing))
        with pytest.raises(DeploymentError, match="There is no function Nowhere"):
            exports.directly(changed(smoked, function="Nowhere"))

    @pytest.mark.parametrize(
        "name", ["rows", "input_tokens", "output_tokens", "cost_usd", "unpriced_calls"]
    )
    @pytest.mark.parametrize("of_model", [False, True])
    def test_control_totals_that_are_off_by_the_least_are_seen(
        self, smoked: Smoke, name: str, of_model: bool
    ) -> None:
        def change(export: Any) -> None:
            totals = export["control_totals"]
            totals = totals["by_model"][-1] if of_model else totals
            off = f"{totals[name]}0000001" if name == "cost_usd" else totals[name] + 1
            totals[name] = off

        said = fault(exports.file(with_export(smoked, change)))
        assert said.startswith(f"{name} of "), said
        assert said.startswith(f"{name} of all calls") is not of_model
        assert ";" not in said

    def test_a_model_that_is_missing_in_the_totals_is_seen(self, smoked: Smoke) -> None:
        said = fault(
            exports.file(with_export(smoked, lambda e: e["control_totals"]["by_model"].pop()))
        )
        assert "None in the control totals" in said

    @pytest.mark.parametrize("bound", ["start", "end"])
    def test_calls_out_of_the_timeframe_are_seen(self, smoked: Smoke, bound: str) -> None:
        def change(export: Any) -> None:
            export["timeframe"][bound] = f"{smoked.day}T12:00:00.000Z"

        assert "it has calls from" in fault(exports.file(with_export(smoked, change)))

    def test_a_file_whose_calls_are_out_of_order_is_seen(self, smoked: Smoke) -> None:
        class Shuffled:
            """Downloads the file with its first and its last call the other way round."""

            def download(self, file: Any, path: Path) -> None:
                smoked.api(None).download(file, path)
                with path.open(newline="") as arrived:
                    head, first, *others, last = csv.reader(arrived)
                with path.open("w", newline="") as shuffled:
                    csv.writer(shuffled).writerows([head, last, *others, first])

        shuffled = changed(smoked, api=lambda _token: Shuffled())
        assert fault(exports.file(shuffled)) == "its dates go back"

    def test_a_file_that_does_not_arrive_whole_is_seen(self, smoked: Smoke) -> None:
        def change(export: Any) -> None:
            export["file"]["size_bytes"] += 1

        assert "bytes arrived" in fault(exports.file(with_export(smoked, change)))

    def test_a_file_that_would_cost_too_much_is_not_downloaded(self, smoked: Smoke) -> None:
        def change(export: Any) -> None:
            export["file"]["size_bytes"] = 200_000_000

        with pytest.raises(NotCheckedError, match=r"200,000,000 bytes may cost \$0.018"):
            exports.file(with_export(smoked, change))

    @pytest.mark.parametrize(
        ("change", "text"),
        [
            ({"row_count": 1}, "row_count is 1"),
            ({"row_limit": 1_000_000}, "row_limit is 1000000"),
            ({"files": ["a file"]}, "files is ['a file']"),
            ({"suggested_timeframes": []}, "leave gaps; the suggested timeframes do not add up"),
        ],
    )
    def test_a_rejection_that_is_not_right_is_seen(
        self, smoked: Smoke, change: dict[str, Any], text: str
    ) -> None:
        assert text in fault(exports.over_limit(invoking(smoked, rejection(smoked) | change)))

    def test_suggested_timeframes_that_do_not_fit_are_seen(self, smoked: Smoke) -> None:
        wrong = rejection(smoked)
        first = wrong["suggested_timeframes"][0]
        first["fits"] = False
        assert "is said to fit" in fault(exports.over_limit(invoking(smoked, wrong)))
        first |= {"fits": True, "end": f"{smoked.day}T00:30:00.000Z"}
        assert "leave gaps" in fault(exports.over_limit(invoking(smoked, wrong)))

    def test_a_limit_that_is_ignored_is_seen(self, smoked: Smoke) -> None:
        ignoring = invoking(smoked, smoked.direct)
        assert "succeeded" in fault(exports.over_limit(ignoring))
        assert "1,000,001 is not refused: succeeded" in fault(exports.raised_limit(ignoring))

    def test_a_day_of_one_call_has_no_limit_to_be_over(self, smoked: Smoke) -> None:
        quiet = with_export(smoked, lambda export: export.update(row_count=1))
        with pytest.raises(NotCheckedError, match="the day has 1 calls"):
            exports.over_limit(quiet)

    @pytest.mark.parametrize(
        ("name", "of_usage"),
        [
            ("rows", "calls"),
            ("input_tokens", "input_tokens"),
            ("output_tokens", "output_tokens"),
            ("cost_usd", "cost_usd"),
            ("unpriced_calls", "unpriced_calls"),
        ],
    )
    def test_usage_that_is_not_the_exports_is_seen(
        self, smoked: Smoke, name: str, of_usage: str
    ) -> None:
        def change(export: Any) -> None:
            export["control_totals"][name] = "another"

        said = fault(exports.usage(with_export(smoked, change)))
        assert said.startswith(f"{of_usage}: ")
        assert said.endswith("another in the export")
        assert ";" not in said

    def test_usage_that_is_refused_is_seen(self, smoked: Smoke) -> None:
        said = fault(exports.usage(changed(smoked, token=smoked.member_token)))
        assert said == "403: Forbidden"

    def test_usage_from_somebody_else_is_seen(self, smoked: Smoke) -> None:
        with refusing_aws(200, "<html>", JSON) as url:
            said = fault(exports.usage(changed(smoked, api_url=url)))
        assert said == "200: The API answered with status 200."


def rejection(smoked: Smoke) -> dict[str, Any]:
    """What the function answers where the limit is one below the count."""
    kept: list[Any] = []
    real = smoked.client("lambda").invoke

    def invoke(**given: Any) -> Any:
        answer = real(**given)
        kept.append(json.loads(answer["Payload"].read()))
        return invoked(kept[-1])()

    seen = exports.over_limit(
        changed(smoked, client=Instead(smoked.client, "lambda", invoke=invoke))
    )
    assert seen.ok
    answer: dict[str, Any] = kept[0]
    return answer


class TestUrls:
    @pytest.mark.parametrize(
        ("old", "new", "text"),
        [
            ("X-Amz-Expires=600", "X-Amz-Expires=601", "it lives for 601 seconds"),
            ("X-Amz-Expires=600", "X-Amz-Expires=0", "it lives for 0 seconds"),
            ("X-Amz-Expires=600", "X=600", "it lives for unknown seconds"),
            ("AWS4-HMAC-SHA256", "AWS", "it is not signed with SigV4"),
            ("attachment", "inline", "it is no attachment"),
            ("no-store", "public", "it may be stored by caches"),
            ("http://127.0.0.1", "http://b.s3.eu-central-1.amazonaws.com", "no https host of"),
            ("http://127.0.0.1", "https://b.s3.amazonaws.com", "no https host of its region"),
        ],
    )
    def test_a_url_on_other_terms_is_seen(
        self, smoked: Smoke, old: str, new: str, text: str
    ) -> None:
        def change(export: Any) -> None:
            url = export["file"]["download_url"]
            assert old in url
            export["file"]["download_url"] = url.replace(old, new)

        assert text in fault(urls.terms(with_export(smoked, change)))

    def test_a_url_as_s3_has_it_is_on_the_right_terms(self, smoked: Smoke) -> None:
        def change(export: Any) -> None:
            _, slash, path = export["file"]["download_url"].removeprefix("http://").partition("/")
            host = "api-usage-export-exportbucket.s3.eu-central-1.amazonaws.com"
            export["file"]["download_url"] = f"https://{host}{slash}{path.partition('/')[2]}"

        in_aws = with_export(smoked, change)
        assert urls.terms(in_aws).ok
        assert in_aws.stored_at() == smoked.stored_at()

    def test_a_url_that_does_not_end_is_seen(self, smoked: Smoke) -> None:
        real = smoked.client("s3").generate_presigned_url

        def forever(*given: Any, **named: Any) -> Any:
            return real(*given, **{**named, "ExpiresIn": 600})

        endless = changed(
            smoked, client=Instead(smoked.client, "s3", generate_presigned_url=forever)
        )
        assert "after its time 206" in fault(urls.end(endless))

    def test_a_file_that_the_operator_may_not_read_is_a_missing_permission(
        self, smoked: Smoke
    ) -> None:
        denial = "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
        with refusing_aws(403, denial) as url:
            denied = changed(
                smoked,
                client=Instead(smoked.client, "s3", generate_presigned_url=lambda *_, **__: url),
            )
            with pytest.raises(DeniedError, match="lack s3:GetObject on s3://api-usage-export-"):
                urls.end(denied)


@pytest.mark.parametrize(
    "body",
    [
        "<html>Welcome</html>",
        "[1]",
        '{"totals": null, "status": "succeeded"}',
        '{"totals": {"calls": "many"}, "status": "succeeded", "row_count": "many"}',
        '{"error": "none of yours", "totals": {}}',
    ],
)
def test_what_is_no_api_of_this_template_fails_its_checks_and_no_others(
    smoked: Smoke, monkeypatch: pytest.MonkeyPatch, body: str
) -> None:
    by_api, usage = (Check(look.__name__, look) for look in (exports.by_api, exports.usage))
    limit = Check("limit", exports.raised_limit)
    monkeypatch.setattr(run, "CHECKS", (by_api, usage, limit))
    with refusing_aws(200, body) as url:
        found = list(results(changed(smoked, api_url=url), lambda _: None))
    assert [result.seen.ok for result in found] == [False, False, True], found


def test_tokens_and_download_urls_are_not_repeated_after_an_api_that_says_them(
    smoked: Smoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "CHECKS", (Check("usage", exports.usage),))
    url = "https://b.s3.amazonaws.com/athena/1.csv?X-Amz-Signature=5ec2e7"
    said = json.dumps({"detail": f"Bearer {smoked.token} and {smoked.member_token} may not {url}"})
    with refusing_aws(500, said) as api_url:
        (found,) = results(changed(smoked, api_url=api_url), lambda _: None)
    assert found.seen.text == ("500: Bearer (the token) and (the token) may not (a presigned URL)")


def test_a_file_without_calls_proves_nothing(
    stack: LocalStack, today: date, tmp_path: Path
) -> None:
    quiet = changed(smoke_of(stack, tmp_path, today), day=date(2024, 1, 1), token=None)
    assert exports.directly(quiet).text == "succeeded: 0 rows"
    with pytest.raises(NotCheckedError, match="the day has no calls"):
        exports.file(quiet)
    assert quiet.file is not None  # its header can be looked at
