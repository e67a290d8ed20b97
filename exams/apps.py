from django.apps import AppConfig


class ExamsConfig(AppConfig):
    name = "exams"
    verbose_name = "Exams"

    def ready(self) -> None:
        from accounts.privacy import register
        from exams.privacy import HOLDING

        register(HOLDING)
