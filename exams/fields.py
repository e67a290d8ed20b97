"""Column types that Django does not bring."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import models
from psycopg.types.multirange import Int8Multirange

if TYPE_CHECKING:
    MultirangeField = models.Field[Int8Multirange, Int8Multirange]
else:
    MultirangeField = models.Field


class SequenceSetField(MultirangeField):
    """A set of sequence numbers as PostgreSQL's int8multirange: compact while they arrive mostly in order."""

    def db_type(self, connection: Any) -> str:
        return "int8multirange"

    def get_prep_value(self, value: Any) -> Any:
        return value if value is None or isinstance(value, Int8Multirange) else Int8Multirange(value)
