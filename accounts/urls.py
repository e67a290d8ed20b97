from __future__ import annotations

from django.urls import URLPattern, path

from accounts import entrance, views

urlpatterns: list[URLPattern] = [
    path("", views.profile, name="account_profile"),
    path("accommodation/", views.accommodation, name="account_accommodation"),
    path("background/", views.background, name="account_background"),
    path("background/withdraw/", views.background_withdraw, name="account_background_withdraw"),
    path("export/", views.export, name="account_export"),
    path("delete/", views.delete, name="account_delete"),
    path("reauthenticate/", entrance.Reauthenticate.as_view(), name="account_reauthenticate"),
    path("2fa/reauthenticate/", entrance.ReauthenticateByCode.as_view(), name="mfa_reauthenticate"),
    path("2fa/totp/activate/", entrance.ActivateTOTP.as_view(), name="mfa_activate_totp"),
]
