"""Everything about packs that a program can judge, beyond being well-formed: flaws of single questions, cues that
give keys away, near-duplicates, coverage of the outline and the spread of the ratings.

The rules for single questions are those of `questions.flaws`, the measure of likeness is that of `questions.likeness`;
drafts in the studio are judged by the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import mean, pstdev

import numpy as np
from scipy import sparse

from questions.flaws import ask, flaws_of
from questions.kinds import CASE_STUDY, KINDS
from questions.likeness import five_grams, too_alike
from questions.pack.reader import Pack, Source
from questions.pack.schema import Exam, Question
from questions.writing import of_pack

JUDGES = 5
SHORTEST_SCENARIO = 25  # words before the question itself; what has fewer asks for recall
MOST_RECALL = 0.20
MOST_LONGEST_KEYS = 0.35
PLACE_TOLERANCE = 0.05
WEIGHT_TOLERANCE = 0.03
KIND_TOLERANCE = 0.03
MEAN_RATING = (0.65, 0.75)
LEAST_SPREAD = 0.06


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong. `where` is an exam's code, or file, line and id of a question."""

    rule: str
    where: str
    message: str

    def __str__(self) -> str:
        return f"{self.where}: {self.message} [{self.rule}]"


@dataclass(frozen=True, slots=True)
class Figures:
    """What an exam's questions look like in numbers; shares are 0-1."""

    exam: str
    questions: int
    kinds: dict[str, int]
    domains: dict[str, float]
    longest_key: float
    key_places: dict[int, float]
    recall: float
    rating_mean: float
    rating_spread: float
    fewest_judges: int


Entry = tuple[Question, Source]


def lint(packs: Sequence[Pack]) -> tuple[list[Figures], list[Finding]]:
    """Figures of every exam that the packs hold, and everything that is wrong with them or their questions."""
    entries = [entry for pack in packs for entry in pack.questions.values()]
    findings = [finding for entry in entries for finding in _question(*entry)]
    findings += _alike(entries)
    figures = []
    for exam in (pack.exam for pack in packs if pack.exam):
        placed = [entry for entry in entries if any(place.exam == exam.code for place in entry[0].placements)]
        if placed:
            numbers = figures_of(exam, [question for question, _ in placed])
            figures.append(numbers)
            findings += [*_coverage(exam, [question for question, _ in placed]), *_limits(exam, numbers)]
    return figures, findings


# ---- single questions ----------------------------------------------------------------------------------------------


def _question(question: Question, source: Source) -> Iterator[Finding]:
    where = f"{source.file}:{source.line} {question.id}"
    for flaw in flaws_of(of_pack(question)):
        yield Finding(flaw.rule, where, flaw.message)
    for message in _judges(question):
        yield Finding("judges", where, message)


def _judges(question: Question) -> Iterator[str]:
    for place in question.placements:
        count = len(question.ratings.get(place.exam, []))
        if count < JUDGES:
            yield f"has {count} of {JUDGES} ratings for {place.exam}"


# ---- between questions ---------------------------------------------------------------------------------------------


def _alike(entries: Sequence[Entry]) -> Iterator[Finding]:
    """Pairs of stems that share too many character n-grams (Jaccard index above `ALIKE`)."""
    if len(entries) < 2:
        return
    grams = [five_grams(question.stem) for question, _ in entries]
    known = {gram: place for place, gram in enumerate(sorted(set().union(*grams)))}
    rows = [row for row, found in enumerate(grams) for _ in found]
    columns = [known[gram] for found in grams for gram in sorted(found)]
    shape = (len(grams), len(known))
    ones = np.ones(len(rows), dtype=np.int32)
    matrix = sparse.csr_array((ones, (rows, columns)), shape=shape)
    common = sparse.coo_array(sparse.triu(matrix @ matrix.T, k=1))
    for one, other, shared in zip(common.row.tolist(), common.col.tolist(), common.data.tolist(), strict=True):
        if too_alike(shared, len(grams[one]), len(grams[other])):
            (first, source), (second, _) = entries[one], entries[other]
            where = f"{source.file}:{source.line} {first.id}"
            yield Finding("alike", where, f"its stem is much like that of {second.id}")


# ---- a whole exam --------------------------------------------------------------------------------------------------


def figures_of(exam: Exam, questions: Sequence[Question]) -> Figures:
    single = [question for question in questions if question.kind == "multiple_choice"]
    places = Counter(KINDS[question.kind].key(question.content)[0] for question in single)
    ratings = [mean(values) / 100 for question in questions if (values := question.ratings.get(exam.code))]
    tasks = {task.code: domain.code for domain in exam.domains for task in domain.tasks}
    domains = Counter(tasks.get(_place(question, exam), "?") for question in questions)
    return Figures(
        exam=exam.code,
        questions=len(questions),
        kinds=dict(Counter(CASE_STUDY if question.scenario else question.kind for question in questions)),
        domains={domain.code: domains[domain.code] / len(questions) for domain in exam.domains},
        longest_key=_share(single, _key_is_longest),
        key_places={place: places[place] / max(len(single), 1) for place in (1, 2, 3, 4)},
        recall=_share(questions, _is_recall),
        rating_mean=mean(ratings) if ratings else 0.0,
        rating_spread=pstdev(ratings) if ratings else 0.0,
        fewest_judges=min((len(question.ratings.get(exam.code, [])) for question in questions), default=0),
    )


def _coverage(exam: Exam, questions: Sequence[Question]) -> Iterator[Finding]:
    touched = {
        (place.task, number)
        for question in questions
        for place in question.placements
        if place.exam == exam.code
        for number in (0, *place.topics)
    }
    for task in (task for domain in exam.domains for task in domain.tasks):
        if (task.code, 0) not in touched:
            yield Finding("coverage", exam.code, f"no question asks about task {task.code}")
        missing = [topic.number for topic in task.topics if (task.code, topic.number) not in touched]
        if missing:
            yield Finding("coverage", exam.code, f"no question touches topic {missing[0]} of task {task.code}")


def _limits(exam: Exam, numbers: Figures) -> Iterator[Finding]:
    def finding(rule: str, message: str) -> Finding:
        return Finding(rule, exam.code, message)

    if numbers.questions < exam.questions:
        yield finding("size", f"{numbers.questions} questions do not make one form of {exam.questions}")
    for domain in exam.domains:
        if abs(numbers.domains[domain.code] - domain.weight / 100) > WEIGHT_TOLERANCE:
            part = numbers.domains[domain.code]
            yield finding("weights", f"{domain.code} has {part:.0%} instead of {domain.weight} %")
    for kind, share in exam.kinds.items():
        part = numbers.kinds.get(kind, 0) / numbers.questions
        low, high = (count / exam.questions for count in share.form)
        if not low - KIND_TOLERANCE <= part <= high + KIND_TOLERANCE:
            yield finding("kinds", f"{part:.0%} are {kind}, which has {low:.0%} to {high:.0%} of a form")
    if numbers.longest_key > MOST_LONGEST_KEYS:
        yield finding("length-cue", f"the key is the longest option in {numbers.longest_key:.0%}")
    for place, part in numbers.key_places.items():
        if abs(part - 0.25) > PLACE_TOLERANCE:
            yield finding("key-place", f"the key stands in place {place} in {part:.0%}")
    if numbers.recall > MOST_RECALL:
        yield finding("recall", f"{numbers.recall:.0%} ask for recall only")
    if not MEAN_RATING[0] <= numbers.rating_mean <= MEAN_RATING[1]:
        yield finding("ratings", f"the mean rating is {numbers.rating_mean:.2f}")
    if numbers.rating_spread < LEAST_SPREAD:
        yield finding("ratings", f"the ratings hardly differ (standard deviation {numbers.rating_spread:.3f})")


def _share(questions: Sequence[Question], test: Callable[[Question], bool]) -> float:
    return sum(map(test, questions)) / len(questions) if questions else 0.0


def _key_is_longest(question: Question) -> bool:
    lengths = [len(option.text) for option in question.options]
    return any(option.correct and len(option.text) == max(lengths) for option in question.options)


def _is_recall(question: Question) -> bool:
    scenario = question.stem.strip()[: -len(ask(question.stem))]
    return not question.scenario and len(scenario.split()) < SHORTEST_SCENARIO


def _place(question: Question, exam: Exam) -> str:
    return next(place.task for place in question.placements if place.exam == exam.code)


def broken(findings: Iterable[Finding]) -> dict[str, int]:
    """How often each rule is broken."""
    return dict(Counter(finding.rule for finding in findings))
