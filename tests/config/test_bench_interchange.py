"""What bench measures about a large file of questions."""

from __future__ import annotations

from config.benchmarks.interchange import generated
from questions.interchange.exchange import Limits
from questions.interchange.fidelity import differences
from questions.interchange.formats import FORMATS


def test_generated_questions_are_all_their_own_and_come_back():
    some = [generated(number, "TST-01", ["1.1", "1.2"]) for number in range(40)]
    assert len({one.stem for one in some}) == len({one.identifier for one in some}) == 40
    assert {one.kind for one in some} == {"multiple_choice", "multiple_response", "ordering", "matching"}
    back = FORMATS["moodle"].read(FORMATS["moodle"].write(some), Limits()).questions
    assert [differences(one, other) for one, other in zip(some, back, strict=True)] == [[]] * 40
