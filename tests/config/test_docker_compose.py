"""docker-compose.yml, the Dockerfile and .env.example agree with each other and with the settings."""

from __future__ import annotations

import re
import tomllib
from typing import Any

import pytest
import yaml

from config.version import VERSION
from tests.config.variables import variables_read
from tests.environment import ROOT

TEXT = (ROOT / "docker-compose.yml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
APP = [name for name, service in SERVICES.items() if "build" in service]
LASTING = sorted(set(SERVICES) - {"migrate"})
EXAMPLE = dict(
    line.split("=", 1) for line in (ROOT / ".env.example").read_text().splitlines() if re.match(r"[A-Z_]+=", line)
)
DOCKERFILE = (ROOT / "Dockerfile").read_text()


def conditions(name: str) -> dict[str, str]:
    """Service -> what has to be true of it before this one starts."""
    return {other: needed["condition"] for other, needed in SERVICES[name].get("depends_on", {}).items()}


def filled_in(value: str) -> str:
    """A value of docker-compose.yml as compose hands it over with .env.example as .env."""
    return re.sub(r"\$\{(\w+)\}", lambda found: EXAMPLE[found[1]], value)


def test_everything_is_there():
    assert set(SERVICES) == {"web", "worker", "beat", "migrate", "postgres", "redis", "proxy"}
    assert sorted(APP) == ["beat", "migrate", "web", "worker"]


# ---- order and health ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", LASTING)
def test_whatever_lasts_is_watched_and_started_again(name):
    assert SERVICES[name]["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL")
    assert SERVICES[name]["restart"] == "unless-stopped"


def test_it_starts_in_order():
    ready = {"postgres": "service_healthy", "redis": "service_healthy"}
    assert conditions("migrate") == ready
    for name in ("web", "worker", "beat"):
        assert conditions(name) == {**ready, "migrate": "service_completed_successfully"}
    assert conditions("proxy") == {"web": "service_healthy"}


def test_the_set_up_is_done_once_and_in_order():
    assert SERVICES["migrate"]["restart"] == "no"
    commands = [line.split()[2] for line in SERVICES["migrate"]["command"][-1].splitlines()]
    assert commands == ["migrate", "publish_static", "createcachetable", "load_pack", "tick"]


def test_the_web_server_is_asked_whether_it_is_ready_under_a_name_that_it_knows():
    assert "http://127.0.0.1:8000/readyz" in SERVICES["web"]["healthcheck"]["test"][-1]
    assert "127.0.0.1" in SERVICES["web"]["environment"]["ALLOWED_HOSTS"].split(",")


# ---- variables and secrets -------------------------------------------------------------------------------------


def test_the_example_names_every_variable_and_no_other():
    assert set(re.findall(r"(?<!\$)\$\{(\w+)", TEXT)) == set(EXAMPLE)
    assert not re.search(r"(?<!\$)\$[A-Za-z_]", TEXT)  # ${NAME} only, so that none is overlooked


@pytest.mark.parametrize("name", APP)
def test_every_variable_of_a_container_is_read_by_somebody(name):
    given = {variable.removesuffix("_FILE") for variable in SERVICES[name]["environment"]}
    others = {"GRANIAN_WORKERS", "WORKER_CONCURRENCY", "PROMETHEUS_MULTIPROC_DIR", "SENTRY_ENVIRONMENT"}
    others |= {"OTEL_SERVICE_NAME", "OTEL_TRACES_SAMPLER", "OTEL_TRACES_SAMPLER_ARG"}
    assert given - variables_read() <= others


@pytest.mark.parametrize("name", APP)
def test_the_example_makes_good_settings(settings_of, tmp_path, name):
    for secret in SERVICES[name]["secrets"]:
        example = {
            "database_url": "postgresql://u:p@postgres/cutscore", "redis_url": "redis://:p@redis:6379/0",
            "secret_key_fallbacks": "", "sentry_dsn": "",
        }  # fmt: skip
        (tmp_path / secret).write_text(example.get(secret, "x" * 50))
    variables = {key: filled_in(value) for key, value in SERVICES[name]["environment"].items()}
    found = settings_of(**{key: value.replace("/run/secrets", str(tmp_path)) for key, value in variables.items()})
    assert (found["QUICKSTART"], found["SECURE"], found["TRUSTED_PROXIES"]) == (False, True, 1)
    assert found["SECURE_PROXY_SSL_HEADER"] == ("HTTP_X_FORWARDED_PROTO", "https")
    assert found["CELERY_BROKER_URL"] == "redis://:p@redis:6379/0"
    assert found["EMBEDDED_POSTGRES"] is None


def test_secrets_come_from_files_and_go_only_to_who_needs_them():
    ours = {"secret_key", "secret_key_fallbacks", "database_url", "redis_url"}
    ours |= {"email_password", "metrics_token", "sentry_dsn"}
    assert set(COMPOSE["secrets"]) == {*ours, "postgres_password", "redis_password"}
    for name in APP:
        assert set(SERVICES[name]["secrets"]) == ours
    assert SERVICES["postgres"]["secrets"] == ["postgres_password"]
    assert SERVICES["redis"]["secrets"] == ["redis_password"]
    assert "secrets" not in SERVICES["proxy"]
    for service in SERVICES.values():
        for variable, value in service.get("environment", {}).items():
            assert not re.search("KEY|PASSWORD|SECRET|TOKEN|DATABASE_URL|REDIS_URL", variable) or value.startswith(
                "/run/secrets/"
            )


def test_the_example_says_how_to_make_each_secret():
    for secret in COMPOSE["secrets"]:
        assert re.search(rf"^#.*> {secret}$", (ROOT / ".env.example").read_text(), re.MULTILINE), secret


# ---- what runs -------------------------------------------------------------------------------------------------


def test_images_are_pinned_by_tag():
    images = [service["image"] for service in SERVICES.values()] + re.findall(r"^FROM (\S+:\S+)", DOCKERFILE, re.M)
    assert [image for image in images if not re.fullmatch(r"[a-z]+:\d+\.\d+[\w.-]*", image)] == []


def test_our_image_carries_our_version():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert {SERVICES[name]["image"] for name in APP} == {f"cutscore:{version}"}
    assert version == VERSION


def test_the_proxy_leads_to_the_instances_of_our_version():
    name = f"web-{VERSION.replace('.', '-')}"
    assert SERVICES["web"]["networks"] == {"inside": None, "outside": {"aliases": [name]}}
    assert f"\tname {name}\n" in (ROOT / "deploy" / "Caddyfile").read_text()


def test_the_database_is_of_the_same_major_version_as_the_embedded_one():
    embedded = re.findall(r'MAJOR = "(\d+)"', (ROOT / "config" / "postgres.py").read_text())
    major = SERVICES["postgres"]["image"].removeprefix("postgres:").split(".")[0]
    assert set(embedded) == {major} == {"18"}


def test_the_database_sorts_as_the_embedded_one_does():
    assert "--builtin-locale=C.UTF-8" in SERVICES["postgres"]["environment"]["POSTGRES_INITDB_ARGS"].split()
    assert '"--builtin-locale=C.UTF-8"' in (ROOT / "config" / "postgres.py").read_text()


def test_what_must_survive_lies_on_a_volume():
    assert "database:/var/lib/postgresql" in SERVICES["postgres"]["volumes"]
    assert "certificates:/data" in SERVICES["proxy"]["volumes"]
    assert "${BACKUP_DIRECTORY}:/backups" in SERVICES["postgres"]["volumes"]
    assert [name for name in (*APP, "redis") if "volumes" in SERVICES[name]] == ["migrate"]
    assert SERVICES["migrate"]["volumes"] == ["static:/srv/published/static"]  # it stays for the release before


def test_the_proxy_finds_static_files_where_they_are_published():
    (folder,) = SERVICES["migrate"]["volumes"]
    assert f"{folder}:ro" in SERVICES["proxy"]["volumes"]
    assert f"publish_static {folder.partition(':')[2]}\n" in SERVICES["migrate"]["command"][-1]
    assert f"install -d -o cutscore -g cutscore {folder.partition(':')[2]}" in DOCKERFILE  # whose the volume becomes
    assert "root * /srv/published\n" in (ROOT / "deploy" / "Caddyfile").read_text()


def test_what_is_mounted_from_the_checkout_is_a_folder_and_holds_what_is_meant():
    """A file would be seen as it was when the container started, whatever a checkout has put in its place since."""
    assert "./deploy:/etc/caddy:ro" in SERVICES["proxy"]["volumes"]
    assert "./deploy:/opt/cutscore:ro" in SERVICES["postgres"]["volumes"]
    assert "archive_command=sh /opt/cutscore/backup.sh archive %p %f" in SERVICES["postgres"]["command"]
    assert (ROOT / "deploy" / "backup.sh").is_file()


def test_there_is_one_beat():
    assert "replicas" not in SERVICES["beat"]["deploy"]
    assert [name for name, service in SERVICES.items() if "beat" in service.get("command", [])] == ["beat"]


# ---- as little as possible -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SERVICES)
def test_every_container_may_do_little(name):
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["tmpfs"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory"}


def test_only_the_proxy_has_a_door_and_the_database_none():
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["proxy"]
    assert COMPOSE["networks"]["inside"]["internal"] is True
    for name in ("postgres", "redis"):
        assert SERVICES[name]["networks"] == ["inside"]
    assert SERVICES["proxy"]["networks"] == ["outside"]


def test_the_image_runs_as_nobody_in_particular_with_static_files_inside():
    last_stage = DOCKERFILE.rpartition("\nFROM ")[2]
    assert "\nUSER cutscore\n" in last_stage
    assert "collectstatic" in DOCKERFILE
    assert "--require-hashes" in DOCKERFILE


@pytest.mark.parametrize("name", APP)
def test_charts_are_drawn_without_a_home_and_on_a_file_system_that_is_read_only(name):
    (folder,) = re.findall(r"^ENV MPLCONFIGDIR=(\S+)", DOCKERFILE.rpartition("\nFROM ")[2], re.MULTILINE)
    assert SERVICES[name]["read_only"]
    assert any(folder.startswith(mounted.split(":")[0] + "/") for mounted in SERVICES[name]["tmpfs"])


def test_nothing_private_is_sent_to_the_builder():
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert {".*", "var", "tests"} <= set(ignored)


def test_the_proxy_serves_the_site_by_name():
    caddyfile = (ROOT / "deploy" / "Caddyfile").read_text()
    assert "\n{$SITE_DOMAIN} {\n" in caddyfile
    assert caddyfile.count("reverse_proxy") == 1
    assert set(re.findall(r"\{\$(\w+)", caddyfile)) == set(SERVICES["proxy"]["environment"])
