"""The shipped packs: sound, complete for two disjoint forms, and without the habits that give answers away."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from io import StringIO
from itertools import combinations
from pathlib import Path
from statistics import mean

import pytest
from django.conf import settings
from django.core.management import call_command

from questions.kinds import KINDS
from questions.models import Exam
from questions.pack.reader import Pack, read_pack
from questions.pack.schema import Question

FOLDERS = sorted(path.parent for path in Path(settings.PACKS_DIRECTORY).glob("*/exam.yaml"))
LAZY = re.compile(r"\b(all|none|both|neither) of the (above|these|options)\b|\boptions? (?-i:[A-D])\b", re.IGNORECASE)


@cache
def pack(code: str) -> Pack:
    return read_pack(Path(settings.PACKS_DIRECTORY) / code.lower())


def questions(code: str = "MLA-C01") -> list[Question]:
    return [question for question, _ in pack(code).questions.values()]


def choices() -> list[tuple[int, list[int]]]:
    """Of every multiple choice question: the place of the key, and how long its options are."""
    found = [question for question in questions() if question.kind == "multiple_choice"]
    return [
        (KINDS[question.kind].key(question.content)[0], [len(option.text) for option in question.options])
        for question in found
    ]


def five_grams(text: str) -> set[str]:
    plain = " ".join(text.lower().split())
    return {plain[place : place + 5] for place in range(len(plain) - 4)}


def test_three_exams_are_shipped():
    assert [folder.name for folder in FOLDERS] == ["mla-c01", "mla-c02", "mls-c01"]


@pytest.mark.django_db
def test_they_load():
    call_command("load_pack", stdout=StringIO())
    assert list(Exam.objects.values_list("code", flat=True)) == ["MLA-C01", "MLA-C02", "MLS-C01"]


def test_enough_questions_for_two_disjoint_forms():
    assert len(questions()) >= 150


def test_every_task_and_every_kind_is_there_more_than_once():
    exam = pack("MLA-C01").exam
    assert exam is not None
    tasks = Counter(question.placements[0].task for question in questions())
    kinds = Counter(question.kind for question in questions())
    assert {task for task, count in tasks.items() if count >= 4} == {t.code for d in exam.domains for t in d.tasks}
    assert {kind for kind, count in kinds.items() if count >= 8} == set(KINDS)


def test_case_studies_for_two_forms_and_as_many_more():
    uses = Counter(question.scenario for question in questions() if question.scenario)
    assert len(uses) >= 4
    assert set(uses.values()) == {2}


def test_every_option_and_prompt_says_why():
    for question in questions():
        reasons = [option.rationale for option in question.options] + [prompt.rationale for prompt in question.prompts]
        assert min(map(len, reasons)) >= 40, question.id


def test_every_question_points_to_the_publishers_documentation():
    for question in questions():
        hosts = {reference.url.host for reference in question.references}
        assert "docs.aws.amazon.com" in hosts, question.id


def test_every_question_is_rated_and_the_ratings_are_plausible():
    ratings = [mean(question.ratings["MLA-C01"]) / 100 for question in questions()]
    assert 0.60 <= mean(ratings) <= 0.80
    assert max(ratings) - min(ratings) >= 0.20  # judges who tell questions apart


def test_the_longest_option_is_seldom_the_right_one():
    longest = sum(lengths[place - 1] == max(lengths) for place, lengths in choices())
    assert longest / len(choices()) <= 0.35


def test_the_right_option_stands_in_every_place_alike():
    places = Counter(place for place, _ in choices())
    shares = {place: places[place] / len(choices()) for place in (1, 2, 3, 4)}
    assert all(abs(share - 0.25) <= 0.07 for share in shares.values()), shares


def test_no_option_speaks_of_the_others():
    texts = [(question.id, part.text) for question in questions() for part in question.options]
    assert [public_id for public_id, text in texts if LAZY.search(text)] == []


def test_no_two_stems_are_alike():
    grams = [(question.id, five_grams(question.stem)) for question in questions()]
    alike = [(x, y) for (x, a), (y, b) in combinations(grams, 2) if len(a & b) > 0.6 * len(a | b)]
    assert alike == []


def test_what_is_alike_would_be_found():
    assert five_grams("Which option is right?") == five_grams("which  option is\nright?")
    a, b = five_grams("Which option is right for the team?"), five_grams("Which option is right for the crew?")
    assert len(a & b) > 0.6 * len(a | b)
