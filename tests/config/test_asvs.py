"""docs/asvs.md goes through every requirement of ASVS 5.0, levels 1 and 2, and what it points to is there."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from tests.environment import ROOT

# The levels of each section's requirements in their order; "-" is level 3.
LEVELS = {
    "1.1": "22", "1.2": "111112222-", "1.3": "11222222222-", "1.4": "222", "1.5": "12-", "2.1": "122", "2.2": "112",
    "2.3": "1222-", "2.4": "2-", "3.2": "11-", "3.3": "1222-", "3.4": "112222--", "3.5": "11122---", "3.7": "22---",
    "4.1": "122--", "4.2": "2----", "4.3": "22", "4.4": "1222", "5.1": "2", "5.2": "112---", "5.3": "11-",
    "5.4": "222", "6.1": "122", "6.2": "111111112222", "6.3": "1122----", "6.4": "1122--", "6.5": "22222---",
    "6.6": "222-", "6.8": "2222", "7.1": "222", "7.2": "1111", "7.3": "22", "7.4": "11222", "7.5": "22-", "7.6": "22",
    "8.1": "12--", "8.2": "112-", "8.3": "1--", "8.4": "2-", "9.1": "111", "9.2": "1222", "10.1": "22", "10.2": "22-",
    "10.3": "2222-", "10.4": "11111222222-----", "10.5": "22222", "10.6": "22", "10.7": "222", "11.1": "22--",
    "11.2": "222--", "11.3": "112--", "11.4": "1222", "11.5": "2-", "11.6": "2-", "12.1": "122--", "12.2": "11",
    "12.3": "2222-", "13.1": "2---", "13.2": "22222-", "13.3": "22--", "13.4": "12222--", "14.1": "22",
    "14.2": "1222----", "14.3": "122", "15.1": "122--", "15.2": "122--", "15.3": "1222222", "16.1": "2",
    "16.2": "22222", "16.3": "2222", "16.4": "222", "16.5": "222-", "17.1": "2-", "17.2": "2222----", "17.3": "22",
}  # fmt: skip
TEXT = (ROOT / "docs" / "asvs.md").read_text()
ROWS = re.findall(r"^\| (\d+\.\d+\.\d+) \| (\d) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", TEXT, re.MULTILINE)
PLACE = re.compile(r"`((?:[\w.-]+/)*[\w.-]+(?:/|\.(?:py|js|html|md|txt|toml|yml|example))|\.dockerignore|Dockerfile|"
                   r"deploy/Caddyfile)(?:::(\w+))?`")  # fmt: skip


def test_every_requirement_is_there_once_with_its_level():
    expected = [
        (f"{section}.{place}", level)
        for section, levels in LEVELS.items()
        for place, level in enumerate(levels, 1)
        if level != "-"
    ]
    assert [(number, level) for number, level, *_ in ROWS] == expected


def test_each_stands_somewhere():
    assert {standing for *_, standing, _ in ROWS} == {"met", "not applicable", "open"}


@pytest.mark.parametrize(("number", "where"), [(row[0], row[4]) for row in ROWS if row[3] == "met"])
def test_what_is_met_can_be_seen(number, where):
    places = PLACE.findall(where)
    assert places or where == "section below", number
    for file, test in places:
        assert (ROOT / file).exists(), file
        if test:
            assert f"def {test}(" in (ROOT / file).read_text(), test


def test_the_summary_names_every_section_and_counts_right():
    summary = (ROOT / "docs" / "security.md").read_text()
    count = Counter(standing for *_, standing, _ in ROWS)
    assert f"{count['met']} are met, {count['not applicable']} do not apply, {count['open']} are open" in summary
    listed = set(re.findall(r"\d+\.\d+\.\d+", summary.partition("## What is open")[2]))
    assert listed == {number for number, *_, standing, _ in ROWS if standing == "open"}


def test_nothing_widens_what_the_proxy_speaks():
    said = (ROOT / "deploy" / "Caddyfile").read_text()
    assert not re.search(r"^\s*(tls|protocols|ciphers|curves|auto_https|skip_install_trust)\b", said, re.MULTILINE)
