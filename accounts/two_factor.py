"""How allauth's second factor behaves here. Apart from adapter.py, because this one needs the models."""

from __future__ import annotations

from allauth.mfa.adapter import DefaultMFAAdapter


class TwoFactorAdapter(DefaultMFAAdapter):
    error_messages = DefaultMFAAdapter.error_messages | {
        "cannot_generate_recovery_codes": "Turn on two-factor authentication first.",
        "incorrect_code": "This code is not right, or it was used before.",
        "unverified_email": "Confirm your e-mail address first.",
    }
