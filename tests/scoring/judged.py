"""Judges with turns, made the real way."""

from __future__ import annotations

import re
from typing import Any

from accounts.models import User
from questions.models import Exam, RatingRequest, Revision
from questions.services import ratings

ROOM = "/bank/judging/"


def page(turn: RatingRequest) -> str:
    return f"{ROOM}{turn.pk}/"


def ask(revision: Revision, exam: Exam, judges: list[User], by: User, **more: Any) -> list[RatingRequest]:
    return ratings.ask_judges(revision=revision, exam=exam, judges=judges, by=by, **more)


def tokens(turn: RatingRequest, numbers: list[int]) -> list[str]:
    """What the page calls these options."""
    assert turn.judge
    shown = [part.number for part in ratings.paper(request=turn, by=turn.judge).options]
    return [str(shown.index(number) + 1) for number in numbers]


def rate(turn: RatingRequest, value: int, response: tuple[int, ...] = (1,)) -> RatingRequest:
    assert turn.judge
    ratings.answer(request=turn, response=response, by=turn.judge)
    return ratings.rate(request=turn, value=value, by=turn.judge)


def text_of(response: Any) -> str:
    """What a person reads, in one line."""
    body = re.sub(r"<(script|style).*?</\1>", " ", response.content.decode(), flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())
