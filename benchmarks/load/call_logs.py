"""Call logs of many workspaces that are easily mistaken for each other."""

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb

DAYS = 28
KEYS = 5
MODELS = (
    ("openai", "gpt-4.1", "completion"),
    ("anthropic", "claude-sonnet-4-5", "completion"),
    ("cloudflare", "@cf/meta/llama-3.2-1b-instruct", "completion"),
    ("openai", "text-embedding-3-small", "embedding"),
)


@dataclass(frozen=True)
class Plan:
    """What to write.

    Attributes:
        workspaces: How many.
        calls: Of a workspace of middle size; the smallest have a third of it, the largest 5/3.
        end: The day after the last.
    """

    workspaces: int
    calls: int
    end: date

    @property
    def start(self) -> date:
        return self.end - timedelta(days=DAYS)

    def names(self) -> list[str]:
        return [f"ws-load-{number:03}" for number in range(self.workspaces)]


def write_call_logs(folder: Path, plan: Plan) -> None:
    """The same names, models and times everywhere: only ids, sizes and sums tell them apart."""
    models = ", ".join(str(model) for model in MODELS)
    duckdb.execute(
        f"""
        COPY (
          WITH
            sizes AS (
              SELECT w, ({plan.calls} * (1 + w % 5)) // 3 AS size
              FROM range({plan.workspaces}) AS workspaces (w)
            ),
            calls AS (SELECT w, size, unnest(range(size)) AS i FROM sizes),
            models AS (SELECT * FROM (VALUES {models}) AS m (provider, model, call_type)),
            numbered AS (SELECT *, row_number() OVER () - 1 AS m FROM models)
          SELECT
            printf('ws-load-%03d', w) AS workspace_id,
            strftime(called, '%Y-%m-%d') AS day,
            printf('call-%03d-%06d', w, i) AS call_id,
            called::TIMESTAMP_MS AS called_at,
            printf('key-%03d-%d', w, i % {KEYS}) AS api_key_id,
            CASE i % {KEYS} WHEN 0 THEN '=SUM(A1)' ELSE 'Key ' || i % {KEYS} END AS api_key_name,
            provider, model, call_type,
            (i * 7919 + w * 104729) % 5000 AS input_tokens,
            CASE call_type WHEN 'completion' THEN (i * 31 + w) % 900 END AS output_tokens,
            CASE WHEN i % 11 > 0 THEN (i * 13 + w * 17) % 9000 END AS completion_time_ms,
            CASE WHEN i % 97 > 0 THEN 0.25 + m END::DECIMAL(18, 6) AS input_token_price,
            CASE call_type WHEN 'completion' THEN 1.000001 + w END::DECIMAL(18, 6)
              AS output_token_price
          FROM calls
          JOIN numbered ON m = (i // 3) % {len(MODELS)}
          CROSS JOIN LATERAL (
            SELECT '{plan.start}'::TIMESTAMP + to_milliseconds(i * ({DAYS * 86_400_000} // size))
          ) AS times (called)
        ) TO '{folder}' (FORMAT parquet, PARTITION_BY (workspace_id, day))
        """
    )
