"""Rows of the bank: the exams' outlines, and the questions with everything that is known about them."""

from questions.models.authoring import Audit, Comment, RatingRequest, Review
from questions.models.bank import (
    Enmity,
    Option,
    Placement,
    Prompt,
    Question,
    Reference,
    Revision,
    Scenario,
    ScenarioRevision,
)
from questions.models.images import Image
from questions.models.imports import ImportRow, ImportUpload
from questions.models.measurement import Rating, Standing
from questions.models.outline import Domain, Exam, KindShare, Task, Topic
from questions.models.studio import SavedFilter, SearchEntry

__all__ = [
    "Audit",
    "Comment",
    "Domain",
    "Enmity",
    "Exam",
    "Image",
    "ImportRow",
    "ImportUpload",
    "KindShare",
    "Option",
    "Placement",
    "Prompt",
    "Question",
    "Rating",
    "RatingRequest",
    "Reference",
    "Review",
    "Revision",
    "SavedFilter",
    "Scenario",
    "ScenarioRevision",
    "SearchEntry",
    "Standing",
    "Task",
    "Topic",
]
