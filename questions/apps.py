from django.apps import AppConfig


class QuestionsConfig(AppConfig):
    name = "questions"
    verbose_name = "Questions"

    def ready(self) -> None:
        from accounts.privacy import register
        from questions.privacy import HOLDING

        register(HOLDING)
