"""QTI packages of 1EdTech: 3.0 and 2.x in and out, and the simple items of 1.2 in."""

from questions.interchange.exchange import Format
from questions.interchange.qti.formats import QTI3, QTI22, Qti

QTI_FORMATS: tuple[Format, ...] = (QTI3, QTI22)

__all__ = ["QTI3", "QTI22", "QTI_FORMATS", "Qti"]
