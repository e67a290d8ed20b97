"""People in the admin: accounts, roles, accommodations. Signing in to it is allauth's, with its limits and codes."""

from __future__ import annotations

import logging
from decimal import Decimal
from typing import Any

import allauth.account.admin  # registers what we take out again below
import allauth.mfa.admin
import allauth.usersessions.admin  # noqa: F401
from allauth.account.decorators import secure_admin_login
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm
from django.contrib.auth.forms import UserChangeForm as DjangoUserChangeForm
from django.db.models import Exists, OuterRef, QuerySet
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from accounts import services, zones
from accounts.models import Accommodation, Multiplier, User

# Addresses are kept in step with the person, and secrets and sign-ins are nobody else's to read.
admin.site.unregister(EmailAddress)
admin.site.unregister(Authenticator)
admin.site.unregister(UserSession)

log = logging.getLogger(__name__)
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]


def change_password(request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
    """One's own password is changed where guesses at the present one are counted."""
    return redirect("account_change_password")


admin.site.password_change = change_password  # type: ignore[method-assign,assignment]


def is_superuser(request: HttpRequest) -> bool:
    return request.user.is_authenticated and request.user.is_superuser


def may_touch(request: HttpRequest, user: User | None) -> bool:
    """Staff who were given rights over people have none over superusers."""
    return user is None or not user.is_superuser or is_superuser(request)


class UserCreationForm(AdminUserCreationForm):  # type: ignore[type-arg]
    class Meta:
        model = User
        fields = ("email", "display_name")


class UserChangeForm(DjangoUserChangeForm):  # type: ignore[type-arg]
    time_zone = forms.ChoiceField()

    class Meta:
        model = User
        fields = "__all__"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["time_zone"].choices = zones.choices(self.instance.time_zone)  # type: ignore[attr-defined]

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"].strip().lower()
        if EmailAddress.objects.filter(email=email, verified=True).exclude(user=self.instance).exists():
            raise forms.ValidationError("This address belongs to somebody else.")
        return email


class AccommodationForm(forms.ModelForm):  # type: ignore[type-arg]
    multiplier = forms.TypedChoiceField(choices=Multiplier.choices, coerce=Decimal)

    class Meta:
        model = Accommodation
        fields = ("multiplier", "extra_minutes")


class AccommodationInline(admin.StackedInline):  # type: ignore[type-arg]
    model = Accommodation
    form = AccommodationForm
    fk_name = "user"
    readonly_fields = ("granted_by", "granted_at", "updated_at")
    extra = 0


@admin.register(User)
class UserAdmin(DjangoUserAdmin):  # type: ignore[type-arg]
    form = UserChangeForm
    add_form = UserCreationForm
    inlines = (AccommodationInline,)
    ordering = ("email",)
    list_display = ("email", "display_name", "roles", "address_verified", "is_staff", "is_active", "last_login")
    list_filter = ("groups", "is_staff", "is_superuser", "is_active")
    search_fields = ("email", "display_name")
    filter_horizontal = ("groups",)
    readonly_fields = ("last_login", "date_joined")
    actions = ("verify_address", "end_sign_ins", "remove_two_factor")
    fieldsets = (
        (None, {"fields": ("email", "password", "display_name", "time_zone")}),
        ("Roles", {"fields": ("groups", "is_staff", "is_superuser", "is_active")}),
        ("Dates", {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = ((None, {"fields": ("email", "display_name", "usable_password", "password1", "password2")}),)

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        verified = EmailAddress.objects.filter(user=OuterRef("pk"), email=OuterRef("email"), verified=True)
        people: QuerySet[User] = super().get_queryset(request).prefetch_related("groups")
        return people.annotate(address_is_verified=Exists(verified))

    @admin.display(description="roles")
    def roles(self, user: User) -> str:
        return ", ".join(group.name for group in user.groups.all())

    @admin.display(description="address verified", boolean=True)
    def address_verified(self, user: User) -> bool:
        return bool(getattr(user, "address_is_verified", False))

    def get_inlines(self, request: HttpRequest, obj: User | None) -> Any:
        return self.inlines if obj else ()

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Only superusers make staff and superusers and give roles: whoever may edit people could else give themselves
        any right that a group has."""
        kept = () if is_superuser(request) else ("groups", "is_staff", "is_superuser")
        return (*self.readonly_fields, *kept)

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_change_permission(request, obj) and may_touch(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_delete_permission(request, obj) and may_touch(request, obj)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        log.warning("Person %s changed %s of person %s", request.user.pk, ", ".join(form.changed_data) or "-", obj.pk)
        if not change or "email" in form.changed_data:
            services.set_email(user=obj, email=obj.email)

    def save_formset(
        self, request: HttpRequest, form: Any, formset: BaseInlineFormSet[Any, Any, Any], change: bool
    ) -> None:
        for changed in formset.save(commit=False):
            changed.granted_by = request.user
            changed.granted_at = timezone.now()
            changed.save()
        for removed in formset.deleted_objects:
            removed.delete()

    @admin.action(description="Mark the e-mail address as verified", permissions=["change"])
    def verify_address(self, request: HttpRequest, people: QuerySet[User]) -> None:
        for user in self.changeable(request, people):
            try:
                services.set_email(user=user, email=user.email)
            except services.AccountError as error:
                self.message_user(request, str(error), messages.ERROR)

    @admin.action(description="Sign out everywhere", permissions=["change"])
    def end_sign_ins(self, request: HttpRequest, people: QuerySet[User]) -> None:
        ended = sum(services.end_sign_ins(user=user) for user in self.changeable(request, people))
        self.message_user(request, f"{ended} sign-ins were ended.", messages.SUCCESS)

    @admin.action(description="Remove two-factor authentication", permissions=["change"])
    def remove_two_factor(self, request: HttpRequest, people: QuerySet[User]) -> None:
        removed = sum(services.reset_two_factor(user=user) for user in self.changeable(request, people))
        self.message_user(request, f"Removed for {removed} of {len(people)}.", messages.SUCCESS)

    def changeable(self, request: HttpRequest, people: QuerySet[User]) -> list[User]:
        return [user for user in people if self.has_change_permission(request, user)]

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        self.delete_queryset(request, User.objects.filter(pk=obj.pk))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        for user in queryset:
            try:
                services.delete_account(user=user)
            except services.AccountError as error:
                self.message_user(request, f"{user.email} is still here. {error}", messages.ERROR)
