from __future__ import annotations

from accounts.checks import email_verification, rate_limits


def test_settings_as_shipped_are_right():
    assert rate_limits(None) == email_verification(None) == []


def test_a_misspelt_limit_stops_the_start(settings):
    settings.RATE_LIMIT_ADDRESS = "many"
    assert "RATE_LIMIT_ADDRESS: A rate limit looks like 5/5m" in rate_limits(None)[0].msg


def test_a_misspelt_verification_stops_the_start(settings):
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatroy"
    assert "mandatory, optional, none" in email_verification(None)[0].msg
