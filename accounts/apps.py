from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "Accounts"

    def ready(self) -> None:
        from accounts import checks, noting  # noqa: F401  (importing them registers what they hold)
        from accounts.holding import HOLDING
        from accounts.privacy import register

        register(HOLDING)
