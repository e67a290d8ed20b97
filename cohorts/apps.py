from django.apps import AppConfig


class CohortsConfig(AppConfig):
    name = "cohorts"
    verbose_name = "Cohorts"

    def ready(self) -> None:
        from accounts.privacy import register
        from cohorts.privacy import HOLDING

        register(HOLDING)
