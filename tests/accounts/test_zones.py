from __future__ import annotations

from accounts import zones


def names(groups):
    return [name for _, group in groups for name, _ in group]


def test_choices_are_places_and_utc():
    found = names(zones.choices("UTC"))
    assert {"UTC", "Europe/Lisbon", "America/Argentina/Ushuaia"} <= set(found) <= zones.known()
    assert "EST5EDT" not in found


def test_ones_old_name_stays_among_the_choices():
    assert names(zones.choices("Etc/GMT-3")).count("Etc/GMT-3") == 1
