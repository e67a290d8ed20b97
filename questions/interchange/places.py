"""Where a question belongs, as a path of categories."""

from __future__ import annotations

import re
from dataclasses import dataclass

from questions.interchange.exchange import ForeignQuestion

ROOT = "$course$/top"
EXAM = re.compile(r"(?=.*[0-9])[A-Z0-9][A-Z0-9\-]{1,20}")
TASK = re.compile(r"([1-9]\.[1-9][0-9]?)(?=$|[\s:])")
SILENT = re.compile(r"\$\w+\$|top|default( for .*)?|", re.IGNORECASE)
LONGEST_TAG = 40


@dataclass(frozen=True, slots=True)
class Place:
    exam: str = ""
    task: str = ""
    tags: tuple[str, ...] = ()


def path_of(question: ForeignQuestion) -> str:
    return "/".join([ROOT, *(part for part in (question.exam, question.task) if part)])


def place_of(path: str) -> Place:
    """Exam and task where the path ends in their codes, and its last category as a tag where it says anything else.

    Moodle parts categories by single slashes.
    """
    parts = [part.replace("//", "/").strip() for part in re.split(r"(?<!/)/(?!/)", path.strip())]
    parts = [part for part in parts if not SILENT.fullmatch(part)]
    if not parts:
        return Place()
    found = TASK.match(parts[-1])
    exams = [part for part in parts if EXAM.fullmatch(part) and not TASK.fullmatch(part)]
    says_more = found[1] != parts[-1] if found else not EXAM.fullmatch(parts[-1])
    return Place(
        exam=exams[-1] if exams else "",
        task=found[1] if found else "",
        tags=(parts[-1][:LONGEST_TAG],) if says_more else (),
    )
