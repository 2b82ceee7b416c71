"""The models that sample calls go to, at their providers' public list prices.

Prices are those without caching or batch discount, for prompts of ordinary length. Speeds are
typical ones, assumed.
"""

from dataclasses import dataclass
from decimal import Decimal

__all__ = ["Model", "Price"]


@dataclass(frozen=True, slots=True)
class Price:
    """USD per 1M tokens. An embedding returns no tokens, so it has no output price."""

    input: Decimal
    output: Decimal | None


@dataclass(frozen=True, slots=True)
class Model:
    """A model, what it costs and how fast it is.

    `tokens_per_second` is what a completion model writes, and what an embedding model reads.
    `next_price` is what the provider changes the price to, once, inside the sample period.
    """

    provider: str
    name: str
    price: Price
    tokens_per_second: int
    context_window: int
    next_price: Price | None = None

    @property
    def call_type(self) -> str:
        return "embedding" if self.price.output is None else "completion"


def _usd(input_price: str, output_price: str | None = None) -> Price:
    return Price(Decimal(input_price), None if output_price is None else Decimal(output_price))


GPT_5 = Model("openai", "gpt-5", _usd("1.25", "10.00"), 75, 272_000)
GPT_5_MINI = Model("openai", "gpt-5-mini", _usd("0.25", "2.00"), 110, 272_000)
GPT_41_MINI = Model("openai", "gpt-4.1-mini", _usd("0.40", "1.60"), 90, 1_047_576)
GPT_41_NANO = Model("openai", "gpt-4.1-nano", _usd("0.10", "0.40"), 160, 1_047_576)
GPT_4O = Model("openai", "gpt-4o", _usd("2.50", "10.00"), 95, 128_000)
# A price cut that happened, on 2025-06-10; the samples place it inside whatever period they cover.
O3 = Model("openai", "o3", _usd("10.00", "40.00"), 80, 200_000, _usd("2.00", "8.00"))
TEXT_EMBEDDING_3_SMALL = Model("openai", "text-embedding-3-small", _usd("0.02"), 9_000, 8_192)
TEXT_EMBEDDING_3_LARGE = Model("openai", "text-embedding-3-large", _usd("0.13"), 5_000, 8_192)

CLAUDE_OPUS = Model("anthropic", "claude-opus-4-5", _usd("5.00", "25.00"), 55, 200_000)
CLAUDE_SONNET = Model("anthropic", "claude-sonnet-4-5", _usd("3.00", "15.00"), 70, 200_000)
CLAUDE_HAIKU = Model("anthropic", "claude-haiku-4-5", _usd("1.00", "5.00"), 140, 200_000)

GEMINI_PRO = Model("google", "gemini-2.5-pro", _usd("1.25", "10.00"), 130, 200_000)
GEMINI_FLASH = Model("google", "gemini-2.5-flash", _usd("0.30", "2.50"), 220, 1_048_576)
GEMINI_FLASH_LITE = Model("google", "gemini-2.5-flash-lite", _usd("0.10", "0.40"), 320, 1_048_576)
GEMINI_EMBEDDING = Model("google", "gemini-embedding-001", _usd("0.15"), 4_000, 2_048)

MISTRAL_LARGE = Model("mistral", "mistral-large-2512", _usd("0.50", "1.50"), 60, 256_000)
MISTRAL_SMALL = Model("mistral", "mistral-small-latest", _usd("0.10", "0.30"), 130, 128_000)
CODESTRAL = Model("mistral", "codestral-2508", _usd("0.30", "0.90"), 170, 128_000)

COMMAND_A = Model("cohere", "command-a-03-2025", _usd("2.50", "10.00"), 85, 256_000)
COMMAND_R7B = Model("cohere", "command-r7b-12-2024", _usd("0.0375", "0.15"), 150, 128_000)
EMBED_V4 = Model("cohere", "embed-v4.0", _usd("0.12"), 6_000, 128_000)

LLAMA_1B = Model(
    "cloudflare", "@cf/meta/llama-3.2-1b-instruct", _usd("0.027", "0.201"), 240, 60_000
)
LLAMA_70B = Model(
    "cloudflare", "@cf/meta/llama-3.3-70b-instruct-fp8-fast", _usd("0.293", "2.253"), 65, 24_000
)
BGE_SMALL = Model("cloudflare", "@cf/baai/bge-small-en-v1.5", _usd("0.020"), 12_000, 512)
