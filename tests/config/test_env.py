"""Reading the environment: typed, and loud when a value is misspelt."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured

from config import env


@pytest.fixture
def variable(monkeypatch):
    """Sets the variable that the tests read."""
    return lambda value, name="CUTSCORE_TEST": monkeypatch.setenv(name, value)


def said(read, *arguments, **options) -> str:
    with pytest.raises(ImproperlyConfigured) as error:
        read("CUTSCORE_TEST", *arguments, **options)
    return str(error.value)


@pytest.mark.parametrize(
    ("value", "meant"),
    [("1", True), ("TRUE", True), (" yes ", True), ("on", True), ("0", False), ("False", False), ("no", False)],
)
def test_a_flag_is_spelt_in_many_ways(variable, value, meant):
    variable(value)
    assert env.flag("CUTSCORE_TEST", not meant) is meant


@pytest.mark.parametrize("default", [True, False])
def test_an_empty_variable_is_one_that_is_not_set(variable, default):
    assert env.flag("CUTSCORE_TEST", default) is default
    variable("")
    assert env.flag("CUTSCORE_TEST", default) is default
    assert env.number("CUTSCORE_TEST", 7) == 7
    assert env.text("CUTSCORE_TEST", "word") == "word"
    assert env.words("CUTSCORE_TEST", "a,b") == ["a", "b"]
    assert env.choice("CUTSCORE_TEST", "none", ("some", "none")) == "none"


def test_a_flag_that_is_neither_is_refused(variable):
    variable("maybe")
    assert said(env.flag, True) == "CUTSCORE_TEST must be one of true, false, not 'maybe'"


@pytest.mark.parametrize("value", ["five", "1.5", "--5", "²", "1e3", "-1", "0x10", "٣"])
def test_what_is_no_whole_number_is_refused(variable, value):
    variable(value)
    assert said(env.number, 3) == f"CUTSCORE_TEST must be a whole number of at least 0, not {value!r}"


@pytest.mark.parametrize("value", ["0.30", ".3", "1", "1.0", " 0.05 "])
def test_a_share_is_a_decimal(variable, value):
    variable(value)
    assert env.share("CUTSCORE_TEST", 0.5) == float(value)


@pytest.mark.parametrize("value", ["0", "0.0", "1.5", "30", "30%", "-0.3", "nan", "0,3", "٠.٣"])
def test_what_is_no_share_is_refused(variable, value):
    variable(value)
    assert said(env.share, 0.3) == f"CUTSCORE_TEST must be a decimal above 0 and at most 1, not {value!r}"


@pytest.mark.parametrize(("value", "good"), [("0", False), ("1", True), ("65535", True), ("65536", False)])
def test_a_number_has_its_bounds(variable, value, good):
    variable(value)
    if good:
        assert env.number("CUTSCORE_TEST", 3, minimum=1, maximum=65_535) == int(value)
    else:
        message = f"CUTSCORE_TEST must be a whole number from 1 to 65535, not {value!r}"
        assert said(env.number, 3, minimum=1, maximum=65_535) == message


def test_a_choice_is_one_of_its_words_in_any_case(variable):
    variable("warning")
    assert env.choice("CUTSCORE_TEST", "INFO", ("INFO", "WARNING")) == "WARNING"
    variable("loud")
    assert said(env.choice, "INFO", ("INFO", "WARNING")) == "CUTSCORE_TEST must be one of INFO, WARNING, not 'loud'"


def test_words_stand_between_commas(variable):
    variable(" one, two ,,three ")
    assert env.words("CUTSCORE_TEST") == ["one", "two", "three"]


def test_hosts_are_no_addresses(variable):
    variable("exam.example.org,[::1]")
    assert env.hosts("CUTSCORE_TEST") == ["exam.example.org", "[::1]"]
    variable("https://exam.example.org")
    assert said(env.hosts) == ("CUTSCORE_TEST holds host names without scheme and path, not 'https://exam.example.org'")


def test_an_address_has_a_known_scheme_and_its_password_is_not_shown(variable):
    variable("redis://:secret@cache/0")
    assert env.url("CUTSCORE_TEST", schemes=("redis", "rediss")) == "redis://:secret@cache/0"
    variable("http://:secret@cache/0")
    assert said(env.url, schemes=("redis", "rediss")) == "CUTSCORE_TEST must start with redis:// or rediss://"


# ---- secrets in files ------------------------------------------------------------------------------------------


def test_a_file_goes_before_the_variable(variable, tmp_path):
    (tmp_path / "secret").write_text("from the file\n")
    variable("from the variable")
    variable(str(tmp_path / "secret"), "CUTSCORE_TEST_FILE")
    assert env.text("CUTSCORE_TEST") == "from the file"


def test_a_file_that_is_not_there_is_no_reason_to_take_the_variable(variable):
    variable("from the variable")
    variable("/no/such/file", "CUTSCORE_TEST_FILE")
    assert said(env.text) == (
        "CUTSCORE_TEST_FILE points to /no/such/file, which cannot be read: No such file or directory"
    )


def test_a_file_must_be_text(variable, tmp_path):
    (tmp_path / "secret").write_bytes(b"\xff\xfe")
    variable(str(tmp_path / "secret"), "CUTSCORE_TEST_FILE")
    assert said(env.text).endswith("which cannot be read: it is not UTF-8 text")
