"""What the route of usage analytics answers."""

from local.openapi.operations import ON_ANY_ROUTE, WHERE_COUNTED, Answer, Operation, invalid
from local.openapi.usage_example import USAGE
from shared.usage import Usage
from shared.usage_report import UsageRequest

OPERATIONS = {
    "getUsage": Operation(
        "Usage",
        summary="See what calls amount to",
        description="Totals, series over time, tables and busy hours of a timeframe's calls; the"
        " sums are an export's control totals for the same parameters. Repeat a filter to give it"
        " several values.",
        query=UsageRequest,
        parameters={
            "start": {"day": "2026-01-30"},
            "end": {"day": "2026-01-31"},
            "models": {"two": ["gpt-4o", "claude-haiku-4-5"]},
        },
        answers=[
            Answer(200, "The usage", Usage, {"two_days": USAGE}),
            *WHERE_COUNTED,
            *ON_ANY_ROUTE,
            invalid(
                "granularity",
                "makes 8,760 buckets and there may be 1,000: choose a coarser one"
                " or a shorter timeframe",
            ),
        ],
    ),
}
