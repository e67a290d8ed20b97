"""Previous, next and where one is: what every long list has below it."""

from __future__ import annotations

import html
import re

import pytest
from django.core.paginator import Paginator
from django.template.loader import render_to_string


@pytest.fixture
def shown(rf):
    """The links of a page of 25 in tens, at an address with a filter, by what they say."""

    def show(number, **more):
        page = Paginator(range(25), 10).get_page(number)
        request = rf.get("/list/", {"show": "lost", "page": str(number)})
        text = render_to_string("pager.html", {"page": page, "label": "Pages of results", **more}, request)
        links = re.findall(r'<a class="btn" rel="(\w+)" href="([^"]+)">(.*?)</a>', text, re.DOTALL)
        return [
            (rel, html.unescape(link), re.sub("<svg.*?</svg>", "", words, flags=re.DOTALL).strip())
            for rel, link, words in links
        ]

    return show


def test_there_is_a_way_on_and_back(shown):
    assert shown(1) == [("next", "?show=lost&page=2", "Next")]
    assert shown(2) == [("prev", "?show=lost&page=1", "Previous"), ("next", "?show=lost&page=3", "Next")]
    assert shown(3) == [("prev", "?show=lost&page=2", "Previous")]


def test_a_page_may_say_what_stays_of_the_address_where_it_begins_and_other_words(shown):
    assert shown(1, kept="") == [("next", "?page=2", "Next")]
    found = shown(2, kept="show=all&", place="#questions", back="Newer", on="Older")
    assert found == [("prev", "?show=all&page=1#questions", "Newer"), ("next", "?show=all&page=3#questions", "Older")]


def test_one_page_needs_none():
    page = Paginator(range(10), 10).get_page(1)
    assert render_to_string("pager.html", {"page": page, "label": "Pages"}).strip() == ""
