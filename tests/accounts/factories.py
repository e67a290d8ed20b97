"""People to test with."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.hashers import make_password
from factory.declarations import LazyFunction, Sequence
from factory.django import DjangoModelFactory
from factory.helpers import post_generation

from accounts.models import User

PASSWORD = "correct horse battery staple"


@cache
def hashed_by(hashers: tuple[str, ...]) -> str:
    return make_password(PASSWORD)  # slow on purpose, so once for each setting


def hashed() -> str:
    # By the hasher in force: signing in with another one's hash would store a new one and end the session.
    return hashed_by(tuple(settings.PASSWORD_HASHERS))


class UserFactory(DjangoModelFactory[User]):
    """Somebody whose address is verified; `verified=False` for somebody who has not opened the mail yet."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    if TYPE_CHECKING:

        def __new__(cls, **kwargs: Any) -> User: ...  # type: ignore[misc]  # calling a factory gives what it makes

    email = Sequence(lambda n: f"person{n}@example.com")
    display_name = Sequence(lambda n: f"Person {n}")
    password = LazyFunction(hashed)

    @post_generation  # type: ignore[untyped-decorator]
    def verified(self, create: bool, extracted: bool | None, **kwargs: Any) -> None:
        if create:
            EmailAddress.objects.create(user=self, email=self.email, verified=extracted is not False, primary=True)


class SuperuserFactory(UserFactory):
    is_staff = True
    is_superuser = True
