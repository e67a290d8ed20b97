"""What pages say about people of a cohort."""

from __future__ import annotations

from django import template

from accounts.models import SIMULATED_DOMAIN, User
from cohorts.models import Membership

register = template.Library()


@register.filter
def simulated(user: User) -> bool:
    """Whether this is nobody, but a candidate drawn by a model."""
    return user.email.endswith(f"@{SIMULATED_DOMAIN}")


@register.filter
def extra_time(membership: Membership) -> str:
    """The extra time set for somebody in this cohort, such as "×1.5, 10 min"; "" where none is set."""
    if membership.multiplier is None or membership.extra_minutes is None:
        return ""
    parts = [f"×{membership.multiplier.normalize():f}"] if membership.multiplier != 1 else []
    if membership.extra_minutes:
        parts.append(f"{membership.extra_minutes} min")
    return ", ".join(parts) or "No extra time"
