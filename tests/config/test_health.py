"""What monitors and load balancers ask."""

from __future__ import annotations

import pytest


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_all_is_well(client, path):
    response = client.get(path)
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


@pytest.mark.usefixtures("no_database")
def test_without_the_database_the_process_lives_but_is_not_ready(client):
    assert client.get("/healthz").status_code == 200
    response = client.get("/readyz")
    assert (response.status_code, response.json()) == (503, {"status": "no database"})


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_they_answer_inside_the_network_without_tls(client, settings, path):
    settings.SECURE_SSL_REDIRECT = True
    assert client.get(path).status_code == 200
    assert client.get("/exams/").status_code == 301


@pytest.mark.django_db
@pytest.mark.parametrize(("path", "statements"), [("/healthz", 0), ("/readyz", 1)])
def test_asking_is_cheap_and_leaves_nothing(client, django_assert_num_queries, path, statements):
    with django_assert_num_queries(statements):
        assert not client.get(path).cookies


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_they_are_for_reading_only(client, path):
    assert client.post(path).status_code == 405
