"""The product's settings with the address of a view that fails."""

from config.settings import *  # noqa: F403

ROOT_URLCONF = "tests.config.faulty"
