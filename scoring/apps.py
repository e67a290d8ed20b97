from django.apps import AppConfig


class ScoringConfig(AppConfig):
    name = "scoring"
    verbose_name = "Scoring"

    def ready(self) -> None:
        from accounts.privacy import register
        from scoring.privacy import HOLDING

        register(HOLDING)
