"""The sign-up form learns the time zone from the browser."""

from __future__ import annotations

import pytest
from django.conf import settings
from playwright.sync_api import Browser

PAGE = """<!doctype html><title>Sign up</title>
<script type="module" src="/timezone.js"></script><form><input type="hidden" name="time_zone"></form>"""


@pytest.mark.browser
def test_the_browser_names_its_zone(browser: Browser) -> None:
    script = settings.BASE_DIR / "static" / "js" / "timezone.js"
    context = browser.new_context(timezone_id="Pacific/Auckland")
    page = context.new_page()
    page.route("**/*", lambda route: route.fulfill(content_type="text/html", body=PAGE))
    page.route("**/timezone.js", lambda route: route.fulfill(path=script))
    page.goto("http://cutscore.test/account/signup/")
    assert page.input_value("[name=time_zone]") == "Pacific/Auckland"
    context.close()
