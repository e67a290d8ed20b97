"""Production: a complete environment is clean, an incomplete or misspelt one stops the start with one sentence."""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from tests.config.variables import variables_read
from tests.environment import ROOT

PRODUCTION = {
    "SECRET_KEY": "nobody-else-knows-this-" + "0123456789abcdef" * 3,
    "DATABASE_URL": "postgresql://cutscore:secret@postgres/cutscore",
    "DATABASE_POOL": "8",
    "REDIS_URL": "redis://redis:6379/0",
    "ALLOWED_HOSTS": "exam.example.org",
    "CSRF_TRUSTED_ORIGINS": "https://exam.example.org",
    "EMAIL_HOST": "mail.example.org",
    "BEHIND_PROXY": "true",
    "TRUSTED_PROXIES": "1",
}
# Each with a value that somebody might type, and the sentence that stops the start.
MISSPELT = {
    "DEBUG": ("maybe", "DEBUG must be one of true, false, not 'maybe'"),
    "CUTSCORE_QUICKSTART": ("si", "CUTSCORE_QUICKSTART must be one of true, false, not 'si'"),
    "ALLOWED_HOSTS": (
        "https://exam.example.org",
        "ALLOWED_HOSTS holds host names without scheme and path, not 'https://exam.example.org'",
    ),
    "DATABASE_URL": (
        "mysql://db/exams",
        "DATABASE_URL must start with postgresql://; other databases are not supported.",
    ),
    "DATABASE_POOL": ("-1", "DATABASE_POOL must be a whole number of at least 0, not '-1'"),
    "REDIS_URL": ("redis:6379", "REDIS_URL must start with redis:// or rediss://"),
    "EMAIL_PORT": ("99999", "EMAIL_PORT must be a whole number from 1 to 65535, not '99999'"),
    "EMAIL_USE_TLS": ("starttls", "EMAIL_USE_TLS must be one of true, false, not 'starttls'"),
    "EMAIL_VERIFICATION": (
        "mandatroy",
        "EMAIL_VERIFICATION must be one of mandatory, optional, none, not 'mandatroy'",
    ),
    "SECURE_SSL_REDIRECT": ("always", "SECURE_SSL_REDIRECT must be one of true, false, not 'always'"),
    "SECURE_HSTS_INCLUDE_SUBDOMAINS": ("all", "SECURE_HSTS_INCLUDE_SUBDOMAINS must be one of true, false, not 'all'"),
    "SECURE_HSTS_PRELOAD": ("yess", "SECURE_HSTS_PRELOAD must be one of true, false, not 'yess'"),
    "SECURE_HSTS_SECONDS": ("1y", "SECURE_HSTS_SECONDS must be a whole number of at least 0, not '1y'"),
    "COOKIE_PREFIX": ("host", "COOKIE_PREFIX must be one of true, false, not 'host'"),
    "REQUIRE_STAFF_TWO_FACTOR": ("totp", "REQUIRE_STAFF_TWO_FACTOR must be one of true, false, not 'totp'"),
    "BEHIND_PROXY": ("caddy", "BEHIND_PROXY must be one of true, false, not 'caddy'"),
    "TRUSTED_PROXIES": ("10.0.0.1", "TRUSTED_PROXIES must be a whole number of at least 0, not '10.0.0.1'"),
    "SITTING_GRACE_SECONDS": ("2m", "SITTING_GRACE_SECONDS must be a whole number of at least 0, not '2m'"),
    "FORM_POOL_SIZE": ("0", "FORM_POOL_SIZE must be a whole number of at least 1, not '0'"),
    "EXPOSURE_CAP": ("30", "EXPOSURE_CAP must be a decimal above 0 and at most 1, not '30'"),
    "SELF_REVIEW": ("maybe", "SELF_REVIEW must be one of true, false, not 'maybe'"),
    "IMPORT_BYTES": ("999", "IMPORT_BYTES must be a whole number of at least 1000, not '999'"),
    "IMPORT_QUESTIONS": ("0", "IMPORT_QUESTIONS must be a whole number of at least 1, not '0'"),
    "IMPORT_TEXT": ("99", "IMPORT_TEXT must be a whole number of at least 100, not '99'"),
    "IMPORT_ARCHIVE_ENTRIES": ("no", "IMPORT_ARCHIVE_ENTRIES must be a whole number of at least 1, not 'no'"),
    "IMPORT_ARCHIVE_RATIO": ("1", "IMPORT_ARCHIVE_RATIO must be a whole number of at least 2, not '1'"),
    "IMPORT_ARCHIVE_BYTES": ("5", "IMPORT_ARCHIVE_BYTES must be a whole number of at least 1000, not '5'"),
    "MINIMUM_JUDGES": ("0", "MINIMUM_JUDGES must be a whole number of at least 1, not '0'"),
    "IMAGE_MAXIMUM_BYTES": ("2MB", "IMAGE_MAXIMUM_BYTES must be a whole number of at least 1, not '2MB'"),
    "IMAGE_MAXIMUM_SIDE": ("16001", "IMAGE_MAXIMUM_SIDE must be a whole number from 1 to 16000, not '16001'"),
    "SECURITY_CONTACT": ("me@example.org", "SECURITY_CONTACT must start with https:// or mailto:"),
    "LOG_FORMAT": ("xml", "LOG_FORMAT must be one of json, line, not 'xml'"),
    "LOG_REQUESTS": ("some", "LOG_REQUESTS must be one of true, false, not 'some'"),
    "SITE_URL": ("exam.example.org", "SITE_URL must start with http:// or https://"),
    "INVITATION_BYTES": ("1MB", "INVITATION_BYTES must be a whole number of at least 1000, not '1MB'"),
    "INVITATION_ROWS": ("0", "INVITATION_ROWS must be a whole number of at least 1, not '0'"),
    "RETENTION_SITTINGS_DAYS": ("1y", "RETENTION_SITTINGS_DAYS must be a whole number of at least 0, not '1y'"),
    "RETENTION_TIMELINE_DAYS": ("90d", "RETENTION_TIMELINE_DAYS must be a whole number of at least 0, not '90d'"),
    "RETENTION_INACTIVE_ACCOUNTS_DAYS": (
        "-1",
        "RETENTION_INACTIVE_ACCOUNTS_DAYS must be a whole number of at least 0, not '-1'",
    ),
    "RETENTION_LOGS_DAYS": ("ever", "RETENTION_LOGS_DAYS must be a whole number of at least 0, not 'ever'"),
    "RETENTION_INVITATIONS_DAYS": (
        "never",
        "RETENTION_INVITATIONS_DAYS must be a whole number of at least 0, not 'never'",
    ),
    "BACKUP_LOG": ("maybe", "BACKUP_LOG must be one of true, false, not 'maybe'"),
    "BACKUP_ELSEWHERE": ("maybe", "BACKUP_ELSEWHERE must be one of true, false, not 'maybe'"),
    "SENTRY_DSN": ("key@example.org/1", "SENTRY_DSN must start with https:// or http://"),
    "OTEL_EXPORTER_OTLP_ENDPOINT": (
        "collector:4318",
        "OTEL_EXPORTER_OTLP_ENDPOINT must start with https:// or http://",
    ),
    "LOG_LEVEL": ("loud", "LOG_LEVEL must be one of DEBUG, INFO, WARNING, ERROR, CRITICAL, not 'loud'"),
}
# Found by Django's checks, which every start but the web server's runs.
CHECKED = {
    "RATE_LIMIT_ACCOUNT": ("often", "RATE_LIMIT_ACCOUNT: A rate limit looks like 5/5m (s, m, h or d), not 'often'."),
    "RATE_LIMIT_ADDRESS": ("600", "RATE_LIMIT_ADDRESS: A rate limit looks like 5/5m (s, m, h or d), not '600'."),
    "CSRF_TRUSTED_ORIGINS": ("exam.example.org", "(4_0.E001) As of Django 4.0, the values in the CSRF_TRUSTED_ORIGINS"),
    "SECRET_KEY": ("short", "(security.W009) Your SECRET_KEY has less than 50 characters"),
}
# Any text is a name, an address or a password that somebody may have.
FREE = {
    "SECRET_KEY_FALLBACKS",
    "EMAIL_HOST",
    "EMAIL_HOST_USER",
    "EMAIL_HOST_PASSWORD",
    "DEFAULT_FROM_EMAIL",
    "METRICS_TOKEN",
}

HEADERS = """
import json, django
django.setup()
from django.test import Client
client = Client(headers={"host": "exam.example.org", "x-forwarded-proto": "https"})
print(json.dumps(dict(client.get("/healthz").headers)))
"""


def python(var: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """A process with these variables and none of the tests' own."""
    environment = {"PATH": os.environ["PATH"], "CUTSCORE_VAR": str(var), "DJANGO_SETTINGS_MODULE": "config.settings"}
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env={**environment, **variables}, capture_output=True, text=True
    )


def check(var: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return python(var, "manage.py", "check", "--deploy", "--fail-level", "WARNING", **variables)


def test_a_complete_environment_is_clean(tmp_path):
    done = check(tmp_path, **PRODUCTION)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "System check identified no issues (2 silenced).\n"


def test_without_a_key_nothing_starts_and_none_is_made_up(tmp_path):
    done = check(tmp_path / "var", **{**PRODUCTION, "SECRET_KEY": ""})
    sentence = "SECRET_KEY is not set. `make run` makes one; in production set SECRET_KEY or SECRET_KEY_FILE."
    assert done.returncode == 1
    assert done.stderr == f"Cutscore cannot start: {sentence}\n"
    assert not (tmp_path / "var").exists()


@pytest.mark.parametrize("name", MISSPELT)
def test_a_misspelt_value_stops_the_start(settings_of, name):
    value, sentence = MISSPELT[name]
    with pytest.raises(ImproperlyConfigured) as error:
        settings_of(**{**PRODUCTION, name: value})
    assert str(error.value) == sentence


def test_the_checks_find_the_others(tmp_path):
    done = check(tmp_path, **{**PRODUCTION, **{name: value for name, (value, _) in CHECKED.items()}})
    assert done.returncode == 1
    assert [sentence for _, sentence in CHECKED.values() if sentence not in done.stderr] == []


def test_every_variable_that_is_read_is_tried_here():
    assert variables_read() == {*MISSPELT, *CHECKED, *FREE}


# ---- what production is ----------------------------------------------------------------------------------------


def test_the_key_may_come_from_a_file(settings_of, tmp_path):
    (tmp_path / "key").write_text(PRODUCTION["SECRET_KEY"] + "\n")
    found = settings_of(**{**PRODUCTION, "SECRET_KEY": "", "SECRET_KEY_FILE": str(tmp_path / "key")})
    assert (found["SECRET_KEY"], found["QUICKSTART"]) == (PRODUCTION["SECRET_KEY"], False)


def test_older_keys_are_a_list(settings_of, tmp_path):
    assert settings_of(**PRODUCTION)["SECRET_KEY_FALLBACKS"] == []
    (tmp_path / "older").write_text("first,second\n")
    found = settings_of(**PRODUCTION, SECRET_KEY_FALLBACKS_FILE=str(tmp_path / "older"))
    assert found["SECRET_KEY_FALLBACKS"] == ["first", "second"]


def test_a_key_means_tls_and_no_demo(settings_of):
    found = settings_of(**PRODUCTION)
    assert not found["QUICKSTART"]
    assert not found["DEBUG"]
    assert found["SITE_URL"] == f"https://{found['ALLOWED_HOSTS'][0]}"
    for name in (
        "SECURE_SSL_REDIRECT",
        "SESSION_COOKIE_SECURE",
        "CSRF_COOKIE_SECURE",
    ):
        assert found[name] is True


def test_cookies_are_bound_to_this_host_and_to_tls(settings_of):
    found = settings_of(**PRODUCTION)
    assert (found["SESSION_COOKIE_NAME"], found["CSRF_COOKIE_NAME"]) == ("__Host-sessionid", "__Host-csrftoken")
    assert (found["SESSION_COOKIE_HTTPONLY"], found["REQUIRE_STAFF_TWO_FACTOR"]) == (True, True)
    assert not {"SESSION_COOKIE_DOMAIN", "SESSION_COOKIE_PATH", "CSRF_COOKIE_DOMAIN", "CSRF_COOKIE_PATH"} & set(found)
    local = settings_of(**{**PRODUCTION, "CUTSCORE_QUICKSTART": "true"})
    assert (local["SESSION_COOKIE_NAME"], local["REQUIRE_STAFF_TWO_FACTOR"]) == ("sessionid", False)


def test_the_local_installation_is_plain_http_with_a_key_of_its_own(settings_of, tmp_path):
    (tmp_path / "secret_key").write_text("made by quickstart")
    found = settings_of(SECRET_KEY="", CUTSCORE_QUICKSTART="")
    assert (found["SECRET_KEY"], found["QUICKSTART"], found["SECURE_SSL_REDIRECT"]) == (
        "made by quickstart", True, False,
    )  # fmt: skip
    assert found["EMBEDDED_POSTGRES"].var == tmp_path
    assert found["ALLOWED_HOSTS"] == ["127.0.0.1", "localhost", "[::1]"]


@pytest.mark.parametrize("name", ["SECURE_HSTS_INCLUDE_SUBDOMAINS", "SECURE_HSTS_PRELOAD"])
def test_other_sites_of_the_domain_are_bound_only_when_asked(settings_of, name):
    assert settings_of(**PRODUCTION)[name] is False
    assert settings_of(**{**PRODUCTION, name: "true"})[name] is True


def test_the_proxys_word_on_tls_counts_only_behind_a_proxy(settings_of):
    assert settings_of(**PRODUCTION)["SECURE_PROXY_SSL_HEADER"] == ("HTTP_X_FORWARDED_PROTO", "https")
    without = settings_of(**{**PRODUCTION, "BEHIND_PROXY": "", "TRUSTED_PROXIES": ""})
    assert (without["SECURE_PROXY_SSL_HEADER"], without["TRUSTED_PROXIES"]) == (None, 0)


def test_behind_a_proxy_its_word_on_addresses_counts_too(settings_of):
    assert settings_of(**{**PRODUCTION, "TRUSTED_PROXIES": ""})["TRUSTED_PROXIES"] == 1


def test_redis_is_cache_and_broker_when_there_is_one(settings_of):
    found = settings_of(**PRODUCTION)
    assert (found["CACHES"]["default"]["LOCATION"], found["CELERY_BROKER_URL"]) == (PRODUCTION["REDIS_URL"],) * 2
    without = settings_of(**{**PRODUCTION, "REDIS_URL": ""})
    assert without["CACHES"]["default"]["BACKEND"] == "django.core.cache.backends.db.DatabaseCache"


def test_headers_in_production(tmp_path):
    done = python(tmp_path, "-c", HEADERS, **PRODUCTION)
    headers = json.loads(done.stdout)
    assert headers["Strict-Transport-Security"] == "max-age=31536000"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert {"camera=()", "microphone=()", "geolocation=()"} <= set(headers["Permissions-Policy"].split(", "))


def test_whoever_finds_a_weakness_learns_whom_to_tell(client, settings):
    assert client.get("/.well-known/security.txt").status_code == 404
    settings.SECURITY_CONTACT = "mailto:security@example.org"
    lines = dict(line.split(": ", 1) for line in client.get("/.well-known/security.txt").content.decode().splitlines())
    assert lines["Contact"] == "mailto:security@example.org"
    until = dt.datetime.fromisoformat(lines["Expires"]) - dt.datetime.now(dt.UTC)
    assert dt.timedelta(days=30) < until < dt.timedelta(days=366)


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/", "/account/login/", "/none"])
def test_the_content_security_policy_is_exactly_this(client, path):
    directives = client.get(path).headers["Content-Security-Policy"].split("; ")
    assert sorted(directives) == [
        "base-uri 'none'",
        "connect-src 'self'",
        "default-src 'none'",
        "font-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "img-src 'self' data:",
        "manifest-src 'self'",
        "object-src 'none'",
        "report-uri /csp-reports/",
        "require-trusted-types-for 'script'",
        "script-src 'self'",
        "style-src 'self'",
        "trusted-types htmx cutscore-worker",
        "worker-src 'self'",
    ]


def test_what_is_no_page_may_do_nothing(client):
    assert client.get("/healthz").headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
