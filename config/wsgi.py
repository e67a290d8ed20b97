"""Entry point for the WSGI server."""

import os

from django.core.wsgi import get_wsgi_application

from config.observing import report

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

report()
application = get_wsgi_application()

from config.memory import settle  # noqa: E402 - only now is Django set up

settle()
