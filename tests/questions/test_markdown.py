"""Authors' Markdown: everything a question needs, and nothing that could run or reach elsewhere."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from questions import markdown


def test_paragraphs_and_emphasis():
    assert markdown.block("One *two*\n\n**three**") == "<p>One <em>two</em></p>\n<p><strong>three</strong></p>"


def test_code_is_shown_as_written():
    assert markdown.block("Use `a < b`.") == "<p>Use <code>a &lt; b</code>.</p>"
    assert markdown.block("```python\nx = '<b>'\n```") == "<pre><code>x = '&lt;b&gt;'\n</code></pre>"


def test_tables_carry_their_alignment_as_an_attribute():
    html = markdown.block("| a | b |\n|:--|--:|\n| 1 | 2 |")
    assert '<th align="left">a</th>' in html
    assert '<td align="right">2</td>' in html
    assert "style" not in html


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("<b>bold</b>", "<p>&lt;b&gt;bold&lt;/b&gt;</p>"),
        ("<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>"),
        ('<img src=x onerror="alert(1)">', '<p>&lt;img src=x onerror="alert(1)"&gt;</p>'),
    ],
)
def test_raw_html_is_shown_as_text(text, html):
    assert markdown.block(text) == html


@pytest.mark.parametrize(
    "address",
    ["javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "http://x.org", "/account/logout/", "//x.org"],
)
def test_only_https_links_lead_anywhere(address):
    assert "href" not in markdown.block(f"[click]({address})")


def test_a_link_tells_the_other_side_nothing():
    html = markdown.block("[manual](https://docs.example.com/)")
    assert html == '<p><a href="https://docs.example.com/" rel="noopener noreferrer">manual</a></p>'


def test_images_are_removed():
    assert markdown.block("Look: ![a chart](https://example.com/x.png)") == "<p>Look: </p>"


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("Which one?", '<p class="ask">Which one?</p>'),
        ("A company.\n\nWhich one?", '<p>A company.</p>\n<p class="ask">Which one?</p>'),
        (
            "A company:\n\n- one\n- two\n\nWhich?",
            ('<p>A company:</p>\n<ul>\n<li>one</li>\n<li>two</li>\n</ul>\n<p class="ask">Which?</p>'),
        ),
        ("```\ncode\n```", "<pre><code>code\n</code></pre>"),
    ],
)
def test_the_last_paragraph_of_a_stem_is_the_question_proper(text, html):
    assert markdown.stem(text) == html


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("One `run`", "One <code>run</code>"),
        ("One\n\nTwo", "<p>One</p>\n<p>Two</p>"),
        ("One\n\n- two", "<p>One</p>\n<ul>\n<li>two</li>\n</ul>"),
        ("```\nSELECT 1\n```", "<pre><code>SELECT 1\n</code></pre>"),
    ],
)
def test_inline_drops_a_lone_paragraph_only(text, html):
    assert markdown.inline(text) == html


@given(st.text(st.sampled_from("ab <>\"'&/=:()[]!`*_|-\n#javscriptonlk"), max_size=60))
def test_nothing_written_becomes_a_tag_that_is_not_allowed(text):
    html = markdown.block(text)
    tags = {piece.split(">")[0].split()[0].strip("/") for piece in html.split("<")[1:]}
    assert tags <= markdown.ALLOWED


def test_the_empty_corner_of_a_table_is_no_head():
    html = markdown.block("| | Yes | No |\n|---|---|---|\n| Seen | 1 | 2 |")
    assert "<td></td>" in html
    assert html.count("<th>") == 2
