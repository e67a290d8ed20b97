"""Kinds of question. Adding one is a file here, two templates and a line in KINDS; nothing else changes."""

from questions.kinds.base import (
    Content,
    ImpossibleResponse,
    Kind,
    OptionContent,
    Problem,
    PromptContent,
    Response,
)
from questions.kinds.matching import Matching
from questions.kinds.multiple_choice import MultipleChoice
from questions.kinds.multiple_response import MultipleResponse
from questions.kinds.ordering import Ordering

KINDS: dict[str, Kind] = {kind.name: kind for kind in (MultipleChoice(), MultipleResponse(), Ordering(), Matching())}

# A case study is no kind of its own: it is a scenario shared by questions of the kinds above. Blueprints
# count its questions under this share instead of under their own kind.
CASE_STUDY = "case_study"

__all__ = [
    "CASE_STUDY",
    "KINDS",
    "Content",
    "ImpossibleResponse",
    "Kind",
    "OptionContent",
    "Problem",
    "PromptContent",
    "Response",
]
