"""Who makes the sample calls: workspaces, their API keys, and what each key is used for."""

from dataclasses import dataclass

from local.sample_call_logs import models
from local.sample_call_logs.models import Model

__all__ = ["WORKSPACES", "ApiKey", "Workload", "Workspace"]


@dataclass(frozen=True, slots=True)
class Workload:
    """The shape of one kind of traffic.

    Token counts are log-normal: a median, and the standard deviation of the logarithm (`spread`).
    `hours` weighs the 24 hours of a local day. `weekend` is the traffic of a Saturday or Sunday,
    as a share of a working day's.
    """

    input_median: int
    input_spread: float
    output_median: int
    output_spread: float
    hours: tuple[int, ...]
    weekend: float


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key and the models it calls, each with a weight; it may be renamed inside the period."""

    id: str
    name: str
    workload: Workload
    models: tuple[tuple[Model, int], ...]
    renamed_to: str | None = None


@dataclass(frozen=True, slots=True)
class Workspace:
    """A tenant; `keys` are listed by volume, the busiest first.

    `share` weighs its calls against the other workspaces'. `idle` places its days without any
    call, as fractions of the period.
    """

    id: str
    share: int
    utc_offset: int
    keys: tuple[ApiKey, ...]
    idle: tuple[float, ...] = ()


def _hours(morning: str, afternoon: str) -> tuple[int, ...]:
    """Weights from midnight to noon and from noon to midnight, separated by spaces."""
    return tuple(int(weight) for weight in (morning + " " + afternoon).split())


_OFFICE = _hours("1 1 1 1 1 2 6 20 55 90 100 95", "70 85 100 98 85 60 30 15 9 6 3 2")
_EVENING = _hours("14 8 5 4 4 6 13 25 40 50 55 60", "65 60 58 60 65 75 88 98 100 85 55 28")
_NIGHT = _hours("30 70 100 100 80 40 10 2 1 1 1 1", "1 1 1 1 1 1 1 1 1 2 5 12")
_STEADY = _hours("70 66 64 63 64 68 75 84 92 98 100 100", "97 98 100 99 96 92 88 85 82 80 77 73")

_CHAT = Workload(1_100, 0.85, 230, 0.75, _EVENING, weekend=0.72)
_ASSISTANT = Workload(3_800, 0.80, 340, 0.70, _OFFICE, weekend=0.12)
_CODING = Workload(14_000, 1.10, 480, 1.00, _OFFICE, weekend=0.18)
_REASONING = Workload(2_600, 0.90, 2_400, 0.80, _OFFICE, weekend=0.15)
_EXTRACTION = Workload(1_700, 0.55, 120, 0.45, _STEADY, weekend=0.45)
_BATCH = Workload(900, 0.40, 420, 0.35, _NIGHT, weekend=1.0)
_INDEXING = Workload(260, 0.70, 0, 0.0, _STEADY, weekend=0.55)

# Names are as people type them: some break a naive CSV writer, one runs in a spreadsheet.
_ACME_KEYS = (
    ApiKey(
        "key_acme_01",
        "Support assistant (production)",
        _CHAT,
        ((models.GPT_41_MINI, 60), (models.GPT_5_MINI, 30), (models.CLAUDE_HAIKU, 10)),
    ),
    ApiKey(
        "key_acme_02",
        "Knowledge base index",
        _INDEXING,
        ((models.TEXT_EMBEDDING_3_SMALL, 85), (models.TEXT_EMBEDDING_3_LARGE, 15)),
    ),
    ApiKey(
        "key_acme_03",
        'Checkout, returns & "where is my order"',
        _CHAT,
        ((models.GEMINI_FLASH, 70), (models.GPT_4O, 30)),
    ),
    ApiKey(
        "key_acme_04",
        "Invoice extraction",
        _EXTRACTION,
        ((models.GEMINI_FLASH_LITE, 65), (models.MISTRAL_SMALL, 35)),
        renamed_to="Accounts payable",
    ),
    ApiKey(
        "key_acme_05",
        "Developer tools",
        _CODING,
        ((models.CLAUDE_SONNET, 70), (models.GPT_5, 20), (models.CLAUDE_OPUS, 10)),
    ),
    ApiKey(
        "key_acme_06",
        "=SUM(B2:B9) reconciliation",
        _REASONING,
        ((models.O3, 80), (models.GPT_5, 20)),
    ),
    ApiKey(
        "key_acme_07",
        "データ分析チーム",
        _ASSISTANT,
        ((models.GEMINI_PRO, 75), (models.GPT_5, 25)),
    ),
    ApiKey(
        "key_acme_08",
        "Product descriptions\n(nightly batch, EMEA)",
        _BATCH,
        ((models.MISTRAL_LARGE, 60), (models.GPT_41_NANO, 40)),
    ),
    ApiKey(
        "key_acme_09",
        "🚀 Launch experiments",
        _ASSISTANT,
        ((models.CLAUDE_SONNET, 40), (models.O3, 30), (models.COMMAND_A, 30)),
    ),
    ApiKey(
        "key_acme_10",
        "مساعد العملاء",
        _CHAT,
        ((models.COMMAND_A, 60), (models.COMMAND_R7B, 40)),
    ),
    ApiKey(
        "key_acme_11",
        "Edge moderation",
        _EXTRACTION,
        ((models.LLAMA_1B, 80), (models.LLAMA_70B, 20)),
    ),
    ApiKey("key_acme_12", "Legal review", _ASSISTANT, ((models.CLAUDE_OPUS, 100),)),
    ApiKey(
        "key_acme_13",
        "Zoë's sandbox \\ 50% of tests",
        _CODING,
        ((models.CODESTRAL, 70), (models.LLAMA_70B, 30)),
    ),
    ApiKey(
        "key_acme_14",
        "Similar products",
        _INDEXING,
        ((models.BGE_SMALL, 60), (models.EMBED_V4, 40)),
    ),
)

_GLOBEX_KEYS = (
    ApiKey("key_globex_01", "Production", _CHAT, ((models.GPT_5_MINI, 70), (models.GPT_4O, 30))),
    ApiKey("key_globex_02", "Docs search", _INDEXING, ((models.GEMINI_EMBEDDING, 100),)),
    ApiKey(
        "key_globex_03",
        "Code review",
        _CODING,
        ((models.CLAUDE_SONNET, 80), (models.CODESTRAL, 20)),
    ),
    ApiKey(
        "key_globex_04",
        "Отчёты",
        _ASSISTANT,
        ((models.GEMINI_PRO, 60), (models.MISTRAL_LARGE, 40)),
    ),
    ApiKey("key_globex_05", "Staging", _CHAT, ((models.GPT_41_NANO, 100),)),
)

_INITECH_KEYS = (
    ApiKey("key_initech_01", "Production", _EXTRACTION, ((models.MISTRAL_SMALL, 100),)),
    ApiKey(
        "key_initech_02",
        "TPS reports",
        _BATCH,
        ((models.COMMAND_R7B, 50), (models.GPT_41_NANO, 50)),
    ),
    ApiKey("key_initech_03", "Research", _REASONING, ((models.O3, 60), (models.CLAUDE_OPUS, 40))),
)

_HOOLI_KEYS = (
    ApiKey(
        "key_hooli_01",
        "Prototype",
        _ASSISTANT,
        ((models.CLAUDE_HAIKU, 60), (models.GEMINI_FLASH, 40)),
    ),
    ApiKey("key_hooli_02", "Evaluation", _REASONING, ((models.GPT_5, 100),)),
)

WORKSPACES = (
    Workspace("ws-acme", share=60, utc_offset=1, keys=_ACME_KEYS, idle=(0.36, 0.82)),
    Workspace("ws-globex", share=25, utc_offset=-6, keys=_GLOBEX_KEYS, idle=(0.15, 0.6)),
    Workspace("ws-initech", share=12, utc_offset=8, keys=_INITECH_KEYS, idle=(0.1, 0.45, 0.9)),
    Workspace("ws-hooli", share=3, utc_offset=0, keys=_HOOLI_KEYS, idle=(0.3, 0.7)),
    Workspace("ws-empty", share=0, utc_offset=0, keys=()),
)
"""Every sample workspace; `ws-empty` has never made a call."""
