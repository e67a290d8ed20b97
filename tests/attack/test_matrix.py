"""Every address of the project as everybody, compared with the written matrix; who is refused changes nothing."""

from __future__ import annotations

import pytest

from tests.attack.addresses import every_address
from tests.attack.matrix import REFUSED, ROLES, matrix, written_as
from tests.attack.walk import Walker

pytestmark = [pytest.mark.django_db]

ADDRESSES = every_address()
# Answers nobody who signs in: whoever knows the token does, which tests/config/test_observing.py shows.
FOR_NOBODY = {"metrics", "admin:autocomplete", "/admin/(?P<url>.*)$", "admin:view_on_site"}
# Only with a second factor, which tests/accounts/test_two_factor.py walks through.
WITH_SECOND_FACTOR = {"mfa_deactivate_totp", "mfa_view_recovery_codes", "mfa_download_recovery_codes"}


def test_every_address_has_a_row_and_every_row_an_address():
    names = [one.name for one in ADDRESSES]
    assert len(names) == len(set(names))
    assert sorted(names) == sorted(matrix()), "matrix.txt needs a row for each new address, and none for one that went"


def test_every_address_lets_somebody_in():
    """A page that is closed to everybody here would be walked past, and nobody would notice who else it lets in."""
    shut = {
        name for name, row in matrix().items() if all(letter in REFUSED for cell in row.values() for letter in cell)
    }
    assert shut == FOR_NOBODY | WITH_SECOND_FACTOR | {name for name in shut if name.endswith(("_add", "_delete"))}


@pytest.mark.parametrize("role", ROLES)
def test_everybody_gets_what_the_matrix_says(world, role):
    walker, wrong, wrote = Walker(world.people.get(role)), [], {}
    for one in ADDRESSES:
        url, found = one.url(world), []
        for method in ("GET", "POST"):
            kind, changed = walker.ask(method, url, world.bodies.get(one.name) if method == "POST" else None)
            found.append(kind)
            if changed and kind in REFUSED:
                wrote[method, one.name] = changed
        row = matrix()[one.name]
        if row[role] != tuple(found):
            wrong.append(f"should be {written_as(one.name, row)}, but {role} got {''.join(found)}")
    assert wrong == []
    assert wrote == {}


@pytest.mark.parametrize("method", ["HEAD", "PUT", "DELETE"])
def test_other_methods_open_no_other_way_and_change_nothing(world, method):
    """Asked by nobody, and by the first role that comes as far as the page."""
    wrong = {}
    for role in ROLES:
        walker = Walker(world.people.get(role))
        for one in ADDRESSES:
            row = matrix()[one.name]
            first = next((one for one in ROLES[1:] if set(row[one]) - set(REFUSED)), ROLES[-1])
            if role not in (ROLES[0], first):
                continue
            kind, changed = walker.ask(method, one.url(world))
            if kind not in {"m", *row[role]} or (changed and method != "HEAD"):
                wrong[one.name, role] = kind, changed
    assert wrong == {}


@pytest.mark.parametrize("role", ["stranger", "neighbour", "superuser"])
def test_what_is_somebody_elses_looks_exactly_as_what_does_not_exist(world, role):
    """The same status, headers and page, whether the id is a foreign one or nobody's."""
    walker, told = Walker(world.people[role]), []
    for one in ADDRESSES:
        if one.name.startswith(("admin:", "/admin")) or not set(one.keys) & set(NOBODYS):
            continue
        for place, method in enumerate(("GET", "POST")):
            if matrix()[one.name][role][place] != "n":
                continue
            body = world.bodies.get(one.name)
            missing = {key: value for key, value in NOBODYS.items() if key in one.keys}
            first, second = (walker.told(method, url, body) for url in (one.url(world), one.url(world, **missing)))
            if first != second:
                told.append((one.name, method))
    assert told == []


NOBODYS = {
    "cohort_id": "00000000-0000-4000-8000-000000000001",
    "assignment_id": "00000000-0000-4000-8000-000000000002",
    "sitting_id": "00000000-0000-4000-8000-000000000003",
    "identifier": "00000000-0000-4000-8000-000000000004",
    "user_id": 999_999_999,
    "invitation_id": 999_999_999,
    "pk": 999_999_999,
}
