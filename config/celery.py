"""Celery: the production runner of due work. Without Redis, `manage.py tick` runs the same functions."""

import os
from importlib import import_module

from celery import Celery
from celery.loaders.app import AppLoader

from config.observing import report

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")


class Loader(AppLoader):
    """Celery's own, which also tells when a worker begins, and each of the processes that do its tasks."""

    def on_worker_init(self) -> None:
        super().on_worker_init()
        import_module("operations.control")

    def on_worker_process_init(self) -> None:
        super().on_worker_process_init()
        report()


app = Celery("cutscore", loader="config.celery:Loader", task_cls="operations.work:Work")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
