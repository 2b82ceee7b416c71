"""What template.yaml says of a call log."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, Self

from local.athena.glue_table import GlueTable
from local.template import Template, TemplateParameterError

_NULLABLE: Final = "may be NULL"
_NULL_FOR_EMBEDDINGS: Final = "NULL for embeddings"


@dataclass(frozen=True)
class Contract:
    """The call-log table, and what the comments on its columns promise.

    Attributes:
        table: Columns, partition keys and partition projection.
        types: Stored column → type as declared, such as `decimal(18,6)`.
        nullable: Columns that any call may leave NULL.
        null_for_embeddings: Columns that are NULL for embeddings, and for no other call.
        call_types: What `call_type` may be.
        first_day: No query looks at days before.
    """

    table: GlueTable
    types: Mapping[str, str]
    nullable: frozenset[str]
    null_for_embeddings: frozenset[str]
    call_types: tuple[str, ...]
    first_day: date

    @classmethod
    def of(cls, template: Template) -> Self:
        """The contract of a template's only table.

        Raises:
            TemplateParameterError: `FirstDay` is written as a day, but there is none such.
        """
        (declared,) = template.of_type("AWS::Glue::Table").values()
        table_input = declared["TableInput"]
        columns = table_input["StorageDescriptor"]["Columns"]
        comments = {column["Name"]: column["Comment"] for column in columns}
        table = GlueTable.from_glue({**table_input, "DatabaseName": declared["DatabaseName"]})
        written, _, _ = table.parameters["projection.day.range"].partition(",")
        try:
            first_day = date.fromisoformat(written)
        except ValueError as error:
            raise TemplateParameterError(f"There is no day {written!r} for FirstDay.") from error
        return cls(
            table=table,
            types={column["Name"]: column["Type"] for column in columns},
            nullable=_saying(_NULLABLE, comments),
            null_for_embeddings=_saying(_NULL_FOR_EMBEDDINGS, comments),
            call_types=tuple(re.split(r" or |, ", comments["call_type"].rstrip("."))),
            first_day=first_day,
        )

    @property
    def token_columns(self) -> list[str]:
        """Columns that count tokens."""
        return [name for name in self.types if name.endswith("_tokens")]

    @property
    def price_columns(self) -> list[str]:
        """Columns in USD per 1M tokens."""
        return [name for name in self.types if name.endswith("_price")]


def _saying(words: str, comments: Mapping[str, str]) -> frozenset[str]:
    return frozenset(name for name, comment in comments.items() if words in comment)
