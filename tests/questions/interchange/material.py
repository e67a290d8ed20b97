"""Questions of every kind, by hand and by Hypothesis, as the formats take them."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import strategies as st

from questions.interchange.escaping import paragraphs
from questions.interchange.exchange import (
    ForeignOption,
    ForeignPrompt,
    ForeignQuestion,
    ForeignReference,
    ForeignScenario,
    ForeignStatistics,
    Limits,
)

LIMITS = Limits()
REFERENCE = ForeignReference("The manual", "https://docs.example.com/manual")


def option(text: str, **more: object) -> ForeignOption:
    return ForeignOption(text, f"{text}: this is the reason why.", **more)  # type: ignore[arg-type]


def choice(**changes: object) -> ForeignQuestion:
    """A multiple choice question that may be published."""
    content: dict[str, object] = {
        "identifier": "tst-001",
        "kind": "multiple_choice",
        "stem": "A team has a slow query.\n\nWhat should it do first?",
        "options": (option("Read the plan", correct=True), option("Add a disk"), option("Wait"), option("Ask around")),
        "references": (REFERENCE,),
        "exam": "TST-01",
        "task": "1.1",
        **changes,
    }
    return ForeignQuestion(**content)  # type: ignore[arg-type]


def response(**changes: object) -> ForeignQuestion:
    texts = ("Red", "Green", "Blue", "Square", "Round")
    options = tuple(option(text, correct=number < 2) for number, text in enumerate(texts))
    return choice(**{"identifier": "tst-002", "kind": "multiple_response", "options": options, **changes})


def ordering(**changes: object) -> ForeignQuestion:
    options = tuple(option(text, position=number) for number, text in enumerate(("Rise", "Wash", "Eat", "Go"), 1))
    return choice(**{"identifier": "tst-003", "kind": "ordering", "options": options, **changes})


def matching(**changes: object) -> ForeignQuestion:
    content = {
        "identifier": "tst-004",
        "kind": "matching",
        "options": (option("Blue"), option("Green"), option("Black")),
        "prompts": tuple(
            ForeignPrompt(text, f"{text} has this colour, as one sees.", index)
            for text, index in (("Sky", 0), ("Grass", 1), ("Sea", 0))
        ),
    }
    return choice(**{**content, **changes})


def everything() -> ForeignQuestion:
    """A question that has all there is."""
    return choice(
        title="Slow queries",
        tags=("sql", "plans"),
        rating=Decimal("0.6067"),
        statistics=ForeignStatistics(0.61, 0.34, 1.25, -0.5, 812),
        scenario=ForeignScenario("tst-case", "A shop", "A shop has **one** server.\n\n- It is old.\n- It is full."),
    )


# ---- Hypothesis ----------------------------------------------------------------------------------------------------

SIGNS = "abz AZ09äß€→\\`*_[](){}<>#=~:;,.!?%&|$'\"/-+@^\n"
raw = st.text(alphabet=SIGNS, min_size=1, max_size=30).map(lambda text: " ".join(text.split())).filter(bool)
MARKED = st.sampled_from([
    "Use `SELECT *` **now**", "1. one\n2. two", "- a\n- b", "Say *it*\\\nagain", "```\nx = {y: 1}\n\nz\n```",
    "| a | b |\n| --- | --- |\n| 1 | 2 |", "See [here](https://example.com/a?b=1#c)", "First.\n\nThen ~this~.",
])  # fmt: skip
words = st.one_of(raw.map(paragraphs), raw.map(paragraphs), MARKED)
lines = raw.map(paragraphs)
plain_words = st.text(alphabet="abcdefgh ABC019", min_size=1, max_size=20).map(lambda text: " ".join(text.split()))
plain_words = plain_words.filter(lambda text: bool(text) and not text[0].isdigit())
codes = st.sampled_from([("", ""), ("TST-01", "1.1"), ("TST-01", "2.1")])
tag = st.text(alphabet="abcdefgh-", min_size=1, max_size=10)
cases = st.sampled_from([
    None, None, ForeignScenario("tst-case", "A case", "A company **moves**."), ForeignScenario("other", "", "Text."),
])  # fmt: skip
references = st.lists(
    st.builds(ForeignReference, plain_words, st.sampled_from([REFERENCE.url, "https://example.com/?a=1&b=%20#c"])),
    max_size=2, unique_by=lambda one: one.title,
).map(tuple)  # fmt: skip


@st.composite
def questions(draw: st.DrawFn, *, kinds: tuple[str, ...], text: st.SearchStrategy[str] = words) -> ForeignQuestion:
    """A sound question of one of the kinds."""
    kind = draw(st.sampled_from(kinds))
    rationale = st.one_of(st.just(""), text)
    low, high = {"multiple_choice": (4, 4), "multiple_response": (5, 8), "ordering": (3, 5), "matching": (3, 6)}[kind]
    texts = draw(st.lists(text, min_size=low, max_size=high, unique=True))
    rationales = [draw(rationale) for _ in texts]
    right: set[int] = set()
    if kind == "multiple_choice":
        right = {draw(st.integers(0, 3))}
    elif kind == "multiple_response":
        right = draw(st.sets(st.integers(0, len(texts) - 1), min_size=2, max_size=len(texts) - 1))
    order = draw(st.permutations(range(1, len(texts) + 1))) if kind == "ordering" else None
    prompts = draw(st.lists(text, min_size=3, max_size=5, unique=True)) if kind == "matching" else []
    exam, task = draw(codes)
    return ForeignQuestion(
        identifier=draw(st.text(alphabet="abc019-.", min_size=3, max_size=12).filter(lambda text: text[0].isalnum())),
        kind=kind,
        stem=draw(text),
        options=tuple(
            ForeignOption(one, why, number in right, order[number] if order else None)
            for number, (one, why) in enumerate(zip(texts, rationales, strict=True))
        ),
        prompts=tuple(ForeignPrompt(one, draw(rationale), draw(st.integers(0, len(texts) - 1))) for one in prompts),
        title=draw(st.one_of(st.just(""), plain_words)),
        references=draw(references),
        tags=tuple(draw(st.lists(tag, max_size=2, unique=True))),
        exam=exam,
        task=task,
        scenario=draw(cases),
    )


def banks(*, kinds: tuple[str, ...], text: st.SearchStrategy[str] = words) -> st.SearchStrategy[list[ForeignQuestion]]:
    """Several questions with identifiers of their own."""
    one = questions(kinds=kinds, text=text)
    return st.lists(one, min_size=1, max_size=4, unique_by=lambda question: question.identifier)
