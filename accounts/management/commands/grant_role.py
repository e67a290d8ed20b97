"""`manage.py grant_role`: make somebody an author or an instructor."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts import services
from accounts.models import User
from accounts.roles import Role


class Command(BaseCommand):
    help = f"Grant a role ({', '.join(Role.values)}) to a person, or take it away with --revoke; safe to repeat."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", help="address of the person's account")
        parser.add_argument("role", help=" or ".join(Role.values))
        parser.add_argument("--revoke", action="store_true", help="take the role away")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["role"] not in Role.values:
            raise CommandError(f"{options['role']} is not a role; the roles are {', '.join(Role.values)}.")
        user = User.objects.filter(email=options["email"].strip().lower()).first()
        if user is None:
            raise CommandError(f"Nobody has the address {options['email']}.")
        role, revoke = Role(options["role"]), options["revoke"]
        change = services.revoke_role if revoke else services.grant_role
        changed = change(user=user, role=role)
        if options["json"]:
            facts = {"email": user.email, "role": role.value, "granted": not revoke, "changed": changed}
            self.stdout.write(json.dumps(facts))
            return
        state = f"is {'no longer' if revoke else 'now'} {role.value}"
        self.stdout.write(f"{user.email} {state}." if changed else f"{user.email}: nothing to change.")
