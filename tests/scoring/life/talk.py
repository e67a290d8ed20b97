"""How tests read the page of a question."""

from __future__ import annotations

import re
from typing import Any

from tests.scoring.test_views_results import text_of

LIFE = "/bank/questions/tst-1/"


def forms(page: Any) -> list[str]:
    """The acts that a page offers."""
    found = re.findall(r'(?:action|href)="/bank/questions/tst-1/([a-z-]+)/"', page.content.decode())
    return sorted(set(found) - {"comment", "labels", "trail"})


def refused(page: Any, sentence: str, status: int = 409) -> bool:
    """Whether the page says that nothing was changed, and why."""
    assert page.status_code == status
    assert f"Nothing was changed. {sentence}" in text_of(page)
    return True
