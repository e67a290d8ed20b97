"""The way through a cohort's pages."""

from __future__ import annotations

from django import template
from django.urls import reverse

from cohorts.models import Cohort

register = template.Library()

# Key, label and URL name of each tab, in order; every one takes the cohort's id.
TABS: list[tuple[str, str, str]] = [
    ("results", "Results", "cohort_results"),
    ("board", "Live board", "cohort_board"),
    ("assignments", "Assignments", "cohort_assignments"),
    ("members", "Members", "cohort_members"),
    ("joining", "Joining", "cohort_joining"),
    ("exports", "Export", "cohort_exports"),
    ("settings", "Settings", "cohort_settings"),
    ("log", "Log", "cohort_log"),
]


@register.inclusion_tag("cohorts/nav.html")
def cohort_nav(cohort: Cohort, current: str) -> dict[str, object]:
    """The tabs of a cohort; `current` is the key of the page's own."""
    tabs = [(label, reverse(name, args=[cohort.pk]), key == current) for key, label, name in TABS]
    return {"tabs": tabs}
