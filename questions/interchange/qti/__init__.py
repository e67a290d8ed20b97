"""QTI packages of 1EdTech: 3.0 and 2.x in and out, and the simple items of 1.2 in."""

from questions.interchange.qti.formats import QTI3, QTI22, Qti

__all__ = ["QTI3", "QTI22", "Qti"]
