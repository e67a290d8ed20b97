"""Each bank yields its disjoint forms even when a twentieth of it is retired.

`make test` draws a few; CUTSCORE_SOAK=10 draws ten times as many.
"""

from __future__ import annotations

import os
import random
from collections import defaultdict
from collections.abc import Sequence

import pytest
from django.core.management import call_command

from exams.services import bank
from psychometrics.assembly import Blueprint, Candidate, assemble_pool
from questions.models import Exam

FORMS = {"MLA-C01": 6, "MLS-C01": 3, "MLA-C02": 3}
RETIRED = 20  # one in so many
DRAWS = int(os.environ.get("CUTSCORE_SOAK", "1"))


@pytest.mark.django_db
@pytest.mark.parametrize("code", FORMS)
def test_the_forms_survive_retiring_questions(code: str) -> None:
    call_command("load_pack", verbosity=0)
    exam = Exam.objects.get(code=code)
    candidates, blueprint = bank.candidates_of(exam), bank.blueprint_of(exam)
    for seed, gone in enumerate(losses(candidates, blueprint)):
        left = [candidate for candidate in candidates if candidate not in gone]
        made = assemble_pool(left, blueprint, forms=FORMS[code], disjoint=True, seed=seed)
        assert len(made.drafts) == FORMS[code]


def losses(candidates: Sequence[Candidate], blueprint: Blueprint) -> list[set[Candidate]]:
    """A twentieth: at random, and half of it from each domain in turn, as when a service of its topics closes."""
    count = len(candidates) // RETIRED
    domains = defaultdict(list)
    for candidate in candidates:
        domains[blueprint.tasks[candidate.task]].append(candidate)
    draws = [random.Random(seed) for seed in range(DRAWS)]
    found = [set(draw.sample(candidates, count)) for draw in draws]
    for draw in draws:
        for group in domains.values():
            clustered = draw.sample(group, count // 2)
            others = [candidate for candidate in candidates if candidate not in clustered]
            found.append({*clustered, *draw.sample(others, count - len(clustered))})
    return found
