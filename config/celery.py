"""Celery: the production runner of due work. Without Redis, `manage.py tick` runs the same functions."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("cutscore")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
