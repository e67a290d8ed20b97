from django.apps import AppConfig
from django.contrib.admin import apps as admin


class ConfigConfig(AppConfig):
    name = "config"
    verbose_name = "Wiring"
    default = True


class CarefulAdminConfig(admin.AdminConfig):
    """django.contrib.admin with our site."""

    default_site = "config.admin.Site"
    default = False
