"""HTML from other systems into our Markdown, and back again."""

from __future__ import annotations

import pytest
from hypothesis import given

from questions import markdown
from questions.interchange.html import from_markdown, from_plain, to_markdown
from tests.questions.interchange.material import raw, words


def read(html: str) -> tuple[str, list[str]]:
    text, losses = to_markdown(html, "q", "stem")
    return text, [loss.what for loss in losses]


@given(words)
def test_what_we_render_reads_as_the_same(text):
    back, losses = to_markdown(markdown.block(text), "q", "stem")
    assert markdown.block(back) == markdown.block(text)
    assert {loss.what for loss in losses} <= {"mathematical notation in stem"}


@given(raw)
def test_plain_text_shows_letter_for_letter(text):
    found, _ = from_plain(text, "q", "stem")
    shown = markdown.block(found)
    assert shown.startswith("<p>")
    assert to_markdown(shown, "q", "stem")[0] == found


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("Plain", "Plain"),
        ("<p>One</p><p>Two</p>", "One\n\nTwo"),
        ("One<br>two<br><br>three", "One\\\ntwo\n\nthree"),
        ("<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>", "- a\n  - b\n- c"),
        ("<ol start='3'><li>a<li>b</ol>", "3. a\n4. b"),
        ("<pre>x = 1\n\ny = 2</pre>", "```\nx = 1\n\ny = 2\n```"),
        ("Use <code>a*b</code> now", "Use `a*b` now"),
        ("<a href='https://a.example/x'>here</a>", "[here](https://a.example/x)"),
        ("<strong>1.</strong> *not* _so_", "**1.** \\*not\\* \\_so\\_"),
        ("<p># no heading</p>", "\\# no heading"),
        ("a &lt;b&gt; &amp;amp; c", "a \\<b> \\&amp; c"),
        ("<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>x|y</td></tr></table>",
         "| a | b |\n| --- | --- |\n| 1 | x\\|y |"),
    ],
)  # fmt: skip
def test_what_is_kept(html, expected):
    assert read(html) == (expected, [])


@pytest.mark.parametrize(
    ("html", "text", "lost"),
    [
        ("H<sub>2</sub>O", "H\\_2O", "subscript in stem"),
        ("<u>so</u>", "so", "underline in stem"),
        ("<h1>Title</h1>", "#### Title", "a heading in stem"),
        ("<a href='http://a.example/'>here</a>", "here", "a link in stem"),
        ("x<video src='a.mp4'>y</video>", "x", "a video in stem"),
        ("<p style='color:red'>red</p>", "red", "a style in stem"),
        ("\\(x^2\\)", "\\\\(x^2\\\\)", "mathematical notation in stem"),
        ("<table><tr><td>1</td></tr></table>", "| 1 |\n| --- |", "a table without heads in stem"),
    ],
)
def test_what_is_lost_is_said(html, text, lost):
    assert read(html) == (text, [lost])


def test_markdown_with_images_keeps_their_descriptions():
    text, losses = from_markdown("See ![a plan](plan.png).", "q", "stem")
    assert text == "See [image: a plan]."
    assert [loss.what for loss in losses] == ["an image in stem"]
