"""Questions of every kind for tests of exchange, and small QTI files written by hand."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from decimal import Decimal

from hypothesis import strategies as st

from questions.interchange.exchange import (
    ForeignOption,
    ForeignPrompt,
    ForeignQuestion,
    ForeignReference,
    ForeignScenario,
    ForeignStatistics,
    Limits,
    Loss,
    Parsed,
)
from questions.interchange.names import fingerprint
from questions.interchange.qti import QTI3

LIMITS = Limits()

# ---- questions -----------------------------------------------------------------------------------------------------

WORDS = st.sampled_from(
    (
        "model",
        "café",
        "Ω ≤ 3",
        "x < y & z",
        "1 - 2",
        "a_b",
        "100 %",
        "naïve",
        "日本",
        "\U0001f600",
        "'quoted'",
        '"both"',
    )
)
PHRASES = st.lists(WORDS, min_size=1, max_size=5).map(" ".join)
CODE = st.sampled_from(("SELECT 1", "a < b && c", "x = [1, 2]", "]]>", "<br>", "&amp;"))
SPANS = st.one_of(
    PHRASES,
    PHRASES.map(lambda text: f"*{text}*"),
    PHRASES.map(lambda text: f"**{text}**"),
    CODE.map(lambda text: f"`{text}`"),
    PHRASES.map(lambda text: f"[{text}](https://docs.example.com/a?b=1&c=2)"),
)
LINES = st.lists(SPANS, min_size=1, max_size=3).map(" and ".join)
BLOCKS = st.one_of(
    LINES,
    st.lists(LINES, min_size=2, max_size=3).map("\\\n".join),
    st.lists(LINES, min_size=1, max_size=3).map(lambda lines: "\n".join(f"- {line}" for line in lines)),
    st.lists(LINES, min_size=1, max_size=3).map(
        lambda lines: "\n".join(f"{number}. {line}" for number, line in enumerate(lines, 3))
    ),
    CODE.map(lambda code: f"```\n{code}\n\n  {code}\n```"),
    st.tuples(PHRASES, PHRASES).map(lambda cells: f"| {cells[0]} | head |\n| --- | :-: |\n| cell | {cells[1]} |"),
    LINES.map(lambda line: f"> {line}"),
    PHRASES.map(lambda text: f"#### {text}"),
)
INLINE = LINES
TEXTS = st.lists(BLOCKS, min_size=1, max_size=3).map("\n\n".join)
RATIONALES = st.one_of(st.just(""), INLINE, TEXTS)
IDENTIFIERS = st.one_of(
    st.from_regex(r"[a-z0-9][a-z0-9.\-]{2,20}", fullmatch=True), st.sampled_from(("Größe 1", "a b/c", "UPPER", "9"))
)
SHARES = st.floats(0, 1)
STATISTICS = st.builds(
    ForeignStatistics,
    facility=st.none() | SHARES,
    point_biserial=st.none() | st.floats(-1, 1),
    discrimination=st.none() | st.floats(0.1, 4),
    intercept=st.none() | st.floats(-6, 6),
    first_exposures=st.none() | st.integers(0, 100_000),
)
REFERENCES = st.builds(
    ForeignReference,
    title=PHRASES,
    url=st.sampled_from(("https://docs.example.com/a", "https://example.com/?q=1&r=<2>")),
)
# One identifier is one scenario, so the text decides it.
SCENARIOS = st.tuples(PHRASES, TEXTS).map(lambda given: ForeignScenario(f"case-{fingerprint(*given)}", *given))


@st.composite
def questions(draw: st.DrawFn, kind: str = "") -> ForeignQuestion:
    """A sound question with everything that a question may have."""
    kind = kind or draw(st.sampled_from(("multiple_choice", "multiple_response", "ordering", "matching")))
    options, prompts = {
        "multiple_choice": _choice,
        "multiple_response": _choice,
        "ordering": _ordering,
        "matching": _matching,
    }[kind](draw, kind)
    return ForeignQuestion(
        identifier=draw(IDENTIFIERS),
        kind=kind,
        stem=draw(TEXTS),
        options=options,
        prompts=prompts,
        title=draw(st.just("") | PHRASES),
        references=tuple(draw(st.lists(REFERENCES, max_size=2))),
        tags=tuple(draw(st.lists(PHRASES, max_size=2, unique=True))),
        exam=draw(st.just("TST-01")),
        task=draw(st.sampled_from(("", "1.1", "2.10"))),
        rating=draw(st.none() | st.decimals("0.01", "0.99", places=4)),
        statistics=draw(st.none() | STATISTICS),
        scenario=draw(st.none() | SCENARIOS),
    )


Answers = tuple[tuple[ForeignOption, ...], tuple[ForeignPrompt, ...]]


def _choice(draw: st.DrawFn, kind: str) -> Answers:
    count = 4 if kind == "multiple_choice" else draw(st.integers(5, 8))
    right = draw(st.permutations(range(count)))[: 1 if kind == "multiple_choice" else draw(st.integers(2, count - 1))]
    return tuple(
        ForeignOption(draw(INLINE | TEXTS), draw(RATIONALES), correct=number in right) for number in range(count)
    ), ()


def _ordering(draw: st.DrawFn, kind: str) -> Answers:
    count, outside = draw(st.integers(3, 5)), draw(st.integers(0, 1))
    places = draw(st.permutations([*range(1, count + 1), *[None] * outside]))
    return tuple(ForeignOption(draw(INLINE), draw(RATIONALES), position=place) for place in places), ()


def _matching(draw: st.DrawFn, kind: str) -> Answers:
    options = tuple(ForeignOption(draw(INLINE), draw(RATIONALES)) for _ in range(draw(st.integers(3, 8))))
    prompts = tuple(
        ForeignPrompt(draw(INLINE), draw(RATIONALES), draw(st.integers(0, len(options) - 1)))
        for _ in range(draw(st.integers(3, 7)))
    )
    return options, prompts


def plain(identifier: str = "tst-001", **changes: object) -> ForeignQuestion:
    """A multiple choice question in plain words, with `changes` to its fields."""
    fields: dict[str, object] = {
        "identifier": identifier,
        "kind": "multiple_choice",
        "stem": f"A stem for {identifier}.\n\nWhich option is right?",
        "options": tuple(
            ForeignOption(text, f"{text} is what it is.", correct=text == "Right")
            for text in ("Right", "Wrong", "Amiss", "Astray")
        ),
        "exam": "TST-01",
        "task": "1.1",
        "rating": Decimal("0.7000"),
        **changes,
    }
    return ForeignQuestion(**fields)  # type: ignore[arg-type]


# ---- files ---------------------------------------------------------------------------------------------------------


CHOICES = "".join(f'<simpleChoice identifier="{name}">Answer {name}</simpleChoice>' for name in "ABCD")
CHOICE = f'<choiceInteraction responseIdentifier="RESPONSE" maxChoices="1" shuffle="true">{CHOICES}</choiceInteraction>'
ASK = f"<p>Which?</p>{CHOICE}"


def archive(members: Mapping[str, str | bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip archive of these members."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as writer:
        for name, content in members.items():
            writer.writestr(name, content)
    return target.getvalue()


def members(data: bytes) -> dict[str, bytes]:
    """The members of a zip archive."""
    with zipfile.ZipFile(io.BytesIO(data)) as reader:
        return {name: reader.read(name) for name in reader.namelist()}


def read(data: bytes | str, limits: Limits = LIMITS) -> Parsed:
    return QTI3.read(data.encode() if isinstance(data, str) else data, limits)


def lost(parsed: Parsed) -> list[tuple[str, str]]:
    """What was lost and why."""
    return [(loss.what, loss.why) for loss in parsed.losses]


def only(parsed: Parsed) -> ForeignQuestion:
    (question,) = parsed.questions
    return question


def dropped(parsed: Parsed) -> Loss:
    """The loss of the only question of a file."""
    assert not parsed.questions
    (loss,) = parsed.losses
    assert loss.what == "the question"
    return loss


def item(
    body: str,
    key: str = "",
    *,
    identifier: str = "item-1",
    title: str = "",
    space: str = "http://www.imsglobal.org/xsd/imsqti_v2p2",
    attributes: str = "",
    cardinality: str = "single",
    base: str = "identifier",
    mapping: str = "",
    before: str = "",
    after: str = "",
) -> str:
    """An assessment item of QTI 2.x. Values of the key stand apart by spaces, pairs by commas."""
    values = "".join(f"<value>{value}</value>" for value in (key.split(",") if base == "directedPair" else key.split()))
    correct = f"<correctResponse>{values}</correctResponse>" if key else ""
    points = f"<mapping>{mapping}</mapping>" if mapping else ""
    return (
        f'<assessmentItem xmlns="{space}" identifier="{identifier}" title="{title}" {attributes}>'
        f'<responseDeclaration identifier="RESPONSE" cardinality="{cardinality}" baseType="{base}">{correct}{points}'
        f"</responseDeclaration>{before}<itemBody>{body}</itemBody>{after}</assessmentItem>"
    )
