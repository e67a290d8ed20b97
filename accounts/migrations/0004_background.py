import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = (("accounts", "0003_accommodation_granted_at"),)

    operations = (
        migrations.CreateModel(
            name="Background",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "first_language",
                    models.CharField(
                        blank=True, choices=[("english", "English"), ("other", "Another language")], max_length=7
                    ),
                ),
                (
                    "practice_years",
                    models.CharField(
                        blank=True,
                        choices=[("under_two", "Under two years"), ("two_or_more", "Two years or more")],
                        max_length=11,
                    ),
                ),
                ("consented_at", models.DateTimeField()),
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="background",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("first_language__in", ["", "english", "other"])),
                        name="background_language_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("practice_years__in", ["", "under_two", "two_or_more"])),
                        name="background_practice_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("first_language", ""), ("practice_years", ""), _negated=True),
                        name="background_says_something",
                    ),
                ],
            },
        ),
    )
