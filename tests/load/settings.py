"""The product's settings with one more address, that of the bare view."""

from config.settings import *  # noqa: F403

ROOT_URLCONF = "tests.load.bare"
