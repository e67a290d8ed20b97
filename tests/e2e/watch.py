"""What a browser complains about while a test drives it."""

from __future__ import annotations

import re

from playwright.sync_api import BrowserContext, ConsoleMessage, Response, WebError

# Policies can also be broken without a word on the console (in report-only mode, by a browser's own whim).
REPORT_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`policy broken: ${event.violatedDirective} by ${event.blockedURI} ${event.sample}`));
"""


class Watch:
    """Collects console errors and warnings, uncaught exceptions, broken policies and answers with 4xx or 5xx."""

    def __init__(self) -> None:
        self.complaints: list[str] = []
        self.allowed: list[re.Pattern[str]] = []

    def follow(self, context: BrowserContext) -> None:
        context.add_init_script(REPORT_VIOLATIONS)
        context.on("console", self._console)
        context.on("weberror", self._error)
        context.on("response", self._response)

    def allow(self, *patterns: str) -> None:
        """Complaints that this test provokes."""
        self.allowed += [re.compile(pattern) for pattern in patterns]

    def unexpected(self) -> list[str]:
        return [text for text in self.complaints if not any(pattern.search(text) for pattern in self.allowed)]

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning", "assert"):
            self.complaints.append(f"console {message.type}: {message.text} ({message.location['url']})")

    def _error(self, error: WebError) -> None:
        self.complaints.append(f"uncaught: {error.error}")

    def _response(self, response: Response) -> None:
        if response.status >= 400:
            self.complaints.append(f"status {response.status} for {response.request.method} {response.url}")
