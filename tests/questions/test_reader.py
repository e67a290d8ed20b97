"""Bad packs: every error names file, line and field, and all errors are found at once."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from questions.pack import reader
from questions.pack.reader import PackErrors, read_pack
from tests.questions.material import EXAM, option, pack, question, scenario

WHY = "An explanation that is long enough."
TAG = "tag:yaml.org,2002:python/object/apply:os.system"
GOOD = f"""\
scenarios:
- id: tst-case
  title: A case
  text: A company has a problem.
questions:
- id: tst-001
  kind: multiple_choice
  placements:
  - {{exam: TST-01, task: '1.1', topics: [1]}}
  scenario: tst-case
  stem: Which is right?
  options:
  - text: One
    correct: true
    rationale: {WHY}
  - text: Two
    rationale: {WHY}
  - text: Three
    rationale: {WHY}
  - text: Four
    rationale: {WHY}
  references:
  - {{title: Manual, url: https://docs.example.com}}
  ratings: {{TST-01: [70]}}
- id: tst-002
  kind: multiple_choice
  placements:
  - {{exam: TST-01, task: '2.1'}}
  scenario: tst-case
  stem: Which is wrong?
  options:
  - {{text: One, rationale: {WHY}}}
  - {{text: Two, rationale: {WHY}}}
  - {{text: Three, rationale: {WHY}}}
  - {{text: Four, rationale: {WHY}, correct: true}}
  references:
  - {{title: Manual, url: https://docs.example.com}}
  ratings: {{TST-01: [70]}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "tst"
    (folder / "questions").mkdir(parents=True)
    (folder / "exam.yaml").write_text(yaml.safe_dump(EXAM, sort_keys=False))
    return folder


def errors(folder: Path, text: str | bytes, file: str = "questions/a.yaml") -> list[str]:
    """What reading the pack complains about when `file` holds `text`."""
    (folder / file).write_bytes(text.encode() if isinstance(text, str) else text)
    try:
        read_pack(folder)
    except PackErrors as found:
        return str(found).split("\n")
    return []


def test_a_sound_pack_is_read_with_its_sources(folder):
    assert errors(folder, GOOD) == []
    questions = read_pack(folder).questions
    assert {public_id: source.line for public_id, (_, source) in questions.items()} == {"tst-001": 6, "tst-002": 25}


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        (
            "    correct: true\n",
            "    correct: false\n",
            "13: questions.1.options: marks 0 options correct, must mark exactly 1",
        ),
        (
            "Two\n    rationale",
            "Two\n    correct: true\n    rationale",
            "13: questions.1.options: marks 2 options correct, must mark exactly 1",
        ),
        (
            "Two\n    rationale",
            "Two\n    position: 1\n    rationale",
            "17: questions.1.options.2.position: only an ordering question has positions",
        ),
        ("- text: Two", "- text: ONE", "16: questions.1.options.2.text: repeats an earlier one"),
        ("id: tst-002", "id: tst-001", "25: id: tst-001 is taken by tst/questions/a.yaml:6"),
        ("task: '1.1'", "task: '1.9'", "6: placements: TST-01 has no task 1.9"),
        ("topics: [1]", "topics: [1, 7]", "6: placements: task 1.1 has no topic 7"),
        ("topics: [1]", "topics: [1, 1]", "9: questions.1.placements.1.topics: names a topic twice"),
        ("task: '1.1'", "task: 1.1", "9: questions.1.placements.1.task: Input should be a valid string"),
        (
            "ratings: {TST-01: [70]}\n- id",
            "ratings: {TST-01: [29]}\n- id",
            "24: questions.1.ratings.TST-01: 29 is below 30, chance plus 0.05 for this question",
        ),
        (
            "ratings: {TST-01: [70]}\n- id",
            "ratings: {TST-01: [70, 98]}\n- id",
            "24: questions.1.ratings.TST-01.2: Input should be less than or equal to 97",
        ),
        (
            "ratings: {TST-01: [70]}\n- id",
            "ratings: {TST-02: [70]}\n- id",
            "24: questions.1.ratings.TST-02: rates the question for an exam it is not placed in",
        ),
        (
            "  stem: Which is right?",
            "  stem: Which is right?\n  author: me",
            "12: questions.1.author: Extra inputs are not permitted",
        ),
        ("  stem: Which is right?\n", "", "6: questions.1.stem: Field required"),
        ("  stem: Which is right?", "  stem: Which is right?\n  stem: Which?", "12: stem: stands here a second time"),
        ("stem: Which is right?", 'stem: "Which is\\0 right?"', "11: the text holds a NUL character"),
        (
            "kind: multiple_choice\n  placements:\n  - {exam: TST-01, task: '1.1'",
            "kind: essay\n  placements:\n  - {exam: TST-01, task: '1.1'",
            "7: questions.1.kind: Input should be 'multiple_choice', 'multiple_response', 'ordering' or 'matching'",
        ),
        (
            "url: https://docs.example.com}\n  ratings: {TST-01: [70]}\n- id",
            "url: ftp://docs.example.com}\n  ratings: {TST-01: [70]}\n- id",
            "23: questions.1.references.1.url: URL scheme should be 'http' or 'https'",
        ),
        (
            "  scenario: tst-case\n  stem: Which is wrong?",
            "  stem: Which is wrong?",
            "2: id: a case study needs at least 2 questions, tst-case has fewer",
        ),
        (
            "  scenario: tst-case\n  stem: Which is wrong?",
            "  scenario: tst-none\n  stem: Which is wrong?",
            "25: scenario: there is no scenario tst-none",
        ),
        (
            "  stem: Which is right?",
            "  stem: Which is right?\n  enemies: [tst-001]",
            "12: questions.1.enemies: names the question itself",
        ),
    ],
)
def test_one_mistake_is_named_with_its_place(folder, old, new, error):
    assert GOOD.count(old) == 1
    assert f"tst/questions/a.yaml:{error}" in errors(folder, GOOD.replace(old, new))


@pytest.mark.parametrize(
    ("content", "error"),
    [
        ("questions: [\n- id: x", "2: not valid YAML: did not find expected node content"),
        ("a: 1\n b: 2\n", "2: not valid YAML: mapping values are not allowed in this context"),
        ("questions: []\n---\nquestions: []\n", "2: not valid YAML: but found another document"),
        (
            'questions: !!python/object/apply:os.system ["id"]\n',
            f"1: not valid YAML: could not determine a constructor for the tag '{TAG}'",
        ),
        ("x: \x07\n", "1: not valid YAML: unacceptable character #x0007: control characters are not allowed"),
        ("stem: gr\xfcn".encode("latin-1"), "1: the file is not UTF-8 text"),
        ("", "1: the file is empty"),
        ("- 1\n", "1: Input should be a valid dictionary or instance of QuestionFile"),
        ("scenarios: []\nquestions: " + "[" * 60 + "]" * 60, "2: is nested more than 50 levels deep"),
        ("[" * 100_000, "1: is nested more than 50 levels deep"),
    ],
)
def test_a_file_that_is_no_question_file(folder, content, error):
    assert errors(folder, content) == [f"tst/questions/a.yaml:{error}"]


def test_a_file_that_is_too_large_is_not_read(folder):
    big = b"#" * (reader.MAXIMUM_FILE_BYTES + 1)
    assert errors(folder, big) == ["tst/questions/a.yaml:1: the file is larger than 2,000,000 bytes"]


def test_a_folder_in_place_of_a_file(folder):
    (folder / "questions" / "b.yaml").mkdir()
    assert errors(folder, GOOD) == ["tst/questions/b.yaml:1: the file cannot be read: Is a directory"]


def test_an_empty_folder_is_no_pack(tmp_path):
    with pytest.raises(PackErrors) as found:
        read_pack(tmp_path)
    assert str(found.value) == f"{tmp_path}:0: there is no exam.yaml and no questions/*.yaml here"


def test_all_errors_of_all_files_are_found_in_the_order_of_the_files(folder):
    (folder / "exam.yaml").write_text(yaml.safe_dump({**EXAM, "minutes": 0}, sort_keys=False))
    found = errors(folder, GOOD.replace("correct: true", "correct: false").replace("tst-case\n  stem", "none\n  stem"))
    assert [line.split(" ")[0] for line in found] == [
        "tst/exam.yaml:6:",
        "tst/questions/a.yaml:13:",
        "tst/questions/a.yaml:32:",
    ]


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"scored": 5}, "1: 5 scored questions do not fit into 4"),
        ({"questions": 9}, "1: no mix of the form shares adds up to 9 questions"),
        ({"scale": {"pass_mark": 50}}, "10: scale: the pass mark must lie between the ends of the scale"),
        ({"scale": {"minimum": -1, "pass_mark": 50}}, "10: scale.minimum: Input should be greater than or equal to 0"),
        (
            {"scale": {"pass_mark": 50, "maximum": 99_999}},
            "11: scale.maximum: Input should be less than or equal to 30000",
        ),
        (
            {"kinds": {"matching": {"form": [3, 2], "scored": [0, 3]}}},
            "15: kinds.matching: a share must run from its smaller to its larger number, not 3 to 2",
        ),
        (
            {"kinds": {"essay": {"form": [4, 4], "scored": [3, 3]}}},
            (
                "15: kinds.essay.[key]: Input should be 'multiple_choice', 'multiple_response', 'ordering', 'matching' "
                "or 'case_study'"
            ),
        ),
        ({"domains": [{**EXAM["domains"][0], "weight": 99}]}, "1: the domain weights must add up to 100"),
        (
            {"domains": [{**EXAM["domains"][0], "weight": 60}, {**EXAM["domains"][0], "weight": 40}]},
            "1: two domains have the same code",
        ),
    ],
)
def test_an_exam_that_cannot_be(folder, change, error):
    text = yaml.safe_dump({**EXAM, **change}, sort_keys=False)
    assert f"tst/exam.yaml:{error}" in errors(folder, text, "exam.yaml")


def with_day(day: str) -> str:
    return yaml.safe_dump(EXAM, sort_keys=False).replace("'2026-11-21'", day)


def test_a_day_without_quotes_is_a_day(folder):
    assert errors(folder, with_day("2026-11-21"), "exam.yaml") == []
    exam = read_pack(folder).exam
    assert exam is not None
    assert exam.as_of.isoformat() == "2026-11-21"


def test_a_day_that_does_not_exist_is_named_with_its_line(folder):
    assert errors(folder, with_day("2026-02-30"), "exam.yaml") == [
        "tst/exam.yaml:5: as_of: Input should be a valid date or datetime, day value is outside expected range"
    ]


@pytest.mark.parametrize(("steps", "lowest"), [(3, 22), (4, 10), (5, 6)])
def test_a_rating_lies_five_points_above_chance(tmp_path, steps, lowest):
    options = [option(f"Step {place}", position=place) for place in range(1, steps + 1)]
    ordering = {"kind": "ordering", "options": options}
    assert pack(tmp_path, question(1, ratings={"TST-01": [lowest]}, **ordering)).questions
    with pytest.raises(PackErrors, match=f"{lowest - 1} is below {lowest}, chance plus 0.05 for this question"):
        pack(tmp_path, question(1, ratings={"TST-01": [lowest - 1]}, **ordering))


def test_a_pack_may_bring_questions_without_an_exam(tmp_path):
    found = pack(tmp_path / "more", question(1), exam=None)
    assert (found.exam, list(found.questions)) == (None, ["tst-001"])


def test_a_scenario_may_stand_in_one_place_only(folder):
    other = yaml.safe_dump({"questions": [], "scenarios": [scenario()]}, sort_keys=False)
    assert errors(folder, GOOD) == []
    assert errors(folder, other, "questions/b.yaml") == [
        "tst/questions/b.yaml:3: id: tst-case is taken by tst/questions/a.yaml:2"
    ]
