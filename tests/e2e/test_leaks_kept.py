"""What a browser keeps of a running sitting, in caches, databases, storage and cookies, holds no secret either."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Page

from exams.models import Sitting
from tests.e2e.paper import Paper
from tests.e2e.test_leaks import plain, secrets_of, without_tags
from tests.factories import key_of, wrong_of

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
]

# Names of stores, addresses, headers and bodies: all that a curious candidate's developer tools would show.
EVERYTHING = """async () => {
    const found = { storage: { ...localStorage }, session: { ...sessionStorage }, cookies: document.cookie };
    found.caches = {};
    for (const name of await caches.keys()) {
        const cache = await caches.open(name);
        found.caches[name] = await Promise.all((await cache.keys()).map(async (request) => {
            const answer = await cache.match(request, { ignoreVary: true });
            return [request.url, [...answer.headers], await answer.text()];
        }));
    }
    found.databases = {};
    for (const { name } of await indexedDB.databases()) {
        const database = await new Promise((resolve) => {
            const opening = indexedDB.open(name);
            opening.onsuccess = () => resolve(opening.result);
        });
        for (const store of database.objectStoreNames) {
            found.databases[`${name}/${store}`] = await new Promise((resolve) => {
                const asking = database.transaction(store).objectStore(store).getAll();
                asking.onsuccess = () => resolve(asking.result);
            });
        }
        database.close();
    }
    return JSON.stringify(found);
}"""


def test_nothing_that_a_browser_keeps_gives_anything_away(paper: Paper, page: Page, sitting: Sitting) -> None:
    for kind in ("multiple_choice", "ordering"):
        first, second, *_ = sitting.form.seats.filter(kind=kind)
        for seat, response in ((first, key_of(first)), (second, wrong_of(second))):
            paper.go(seat.number)
            paper.answer(seat, response)
    paper.saved()
    paper.shelved()
    found = json.loads(page.evaluate(EVERYTHING))
    # Otherwise nothing would be proved: the page, its files and what was answered are there.
    ((shelf, kept),) = found["caches"].items()
    assert str(sitting.pk) in shelf
    assert {f"/sittings/{sitting.pk}/", "/static/"} <= {
        part for url, *_ in kept for part in (f"/sittings/{sitting.pk}/", "/static/") if part in url
    }
    assert any(found["databases"].values())
    everything = plain(json.dumps(found, ensure_ascii=False))
    everything += plain(without_tags("\n".join(text for pages in found["caches"].values() for *_, text in pages)))
    assert [(what, text) for what, text in secrets_of(sitting.form) if plain(text) in everything] == []
    boxes = json.dumps(found["databases"]) + json.dumps(found["storage"]) + json.dumps(found["session"])
    assert [word for word in ("scored", "correct", "rationale", "rating", "task") if word in boxes.casefold()] == []
