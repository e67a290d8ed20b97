"""Which page gets which Content-Security-Policy: one for all, but Django's admin, whose scripts write HTML.

What is no page gets the strictest, which is not put together anew for each answer.
"""

from __future__ import annotations

from typing import Any

from csp.constants import HEADER
from csp.middleware import CSPMiddleware, PolicyParts
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

OF_DATA = "default-src 'none'; frame-ancestors 'none'"
TRUSTED_TYPES = ("require-trusted-types-for", "trusted-types")


class PolicyMiddleware(CSPMiddleware):
    """django-csp's; in the admin Trusted Types are only reported, which are enforced elsewhere."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if response.get("Content-Type") == "application/json":
            response.headers.setdefault(HEADER, OF_DATA)
            return response
        return super().process_response(request, response)

    def get_policy_parts(
        self, request: HttpRequest, response: HttpResponseBase, report_only: bool = False
    ) -> PolicyParts:
        parts = super().get_policy_parts(request=request, response=response, report_only=report_only)
        match = request.resolver_match
        if match is not None and match.app_name == "admin":
            if report_only:
                directives: dict[str, Any] = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]
                parts.config = {name: directives[name] for name in (*TRUSTED_TYPES, "report-uri")}
            else:
                parts.replace = {**(parts.replace or {}), **dict.fromkeys(TRUSTED_TYPES)}
        return parts
