"""What people may do. Everybody is a candidate; authors and instructors are groups that hold one permission each."""

from __future__ import annotations

from django.db import models


class Role(models.TextChoices):
    AUTHOR = "author", "Author"
    INSTRUCTOR = "instructor", "Instructor"


# Permissions of the User model (its Meta), so that this room need not know the rooms that ask for them.
PERMISSIONS = {Role.AUTHOR: "write_questions", Role.INSTRUCTOR: "run_cohorts"}
