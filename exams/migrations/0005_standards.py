from typing import Any

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def first_standards(apps: Any, schema_editor: Any) -> None:
    """Every reference form's cut becomes the first standard of its exam."""
    tables = apps.get_model("exams", "ScoreTable").objects.filter(form__reference=True).order_by("form", "version")
    newest = {table.form_id: table for table in tables.select_related("form")}
    standard = apps.get_model("exams", "Standard")
    standard.objects.bulk_create(
        standard(
            exam_id=table.form.exam_id,
            version=1,
            cut=table.reference_cut,
            reason="Sum of the ratings of the reference form.",
        )
        for table in newest.values()
    )


class Migration(migrations.Migration):
    dependencies = [
        ("exams", "0004_simulated_sittings"),
        ("questions", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="scoretable",
            name="keys",
            field=models.JSONField(
                blank=True,
                default=dict,
                help_text="Seat number -> the responses that are right, in option numbers, where a key was corrected.",
            ),
        ),
        migrations.AddField(
            model_name="scoretable",
            name="population_mean",
            field=models.FloatField(blank=True, help_text="First sittings, with the cut at 0.", null=True),
        ),
        migrations.AddField(
            model_name="scoretable",
            name="population_sd",
            field=models.FloatField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="scoretable",
            name="removed",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.PositiveSmallIntegerField(),
                blank=True,
                default=list,
                help_text="Scored seats that count no more.",
                size=None,
            ),
        ),
        migrations.CreateModel(
            name="Standard",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("version", models.PositiveSmallIntegerField(default=1)),
                (
                    "cut",
                    models.DecimalField(
                        decimal_places=4, help_text="S, raw points on the reference form.", max_digits=9
                    ),
                ),
                (
                    "ability",
                    models.FloatField(
                        default=0.0,
                        help_text="θ of the borderline candidate on the stored parameters' scale: T_reference(θ) = S.",
                    ),
                ),
                ("slope", models.FloatField(default=1.0)),
                ("alpha", models.FloatField(default=0.0)),
                ("beta", models.FloatField(default=1.0)),
                (
                    "population_mean",
                    models.FloatField(blank=True, help_text="First sittings, on the same scale.", null=True),
                ),
                ("population_sd", models.FloatField(blank=True, null=True)),
                ("reason", models.CharField(max_length=500)),
                ("preview", models.JSONField(blank=True, default=dict, help_text="What whoever set it was shown.")),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "exam",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="standards", to="questions.exam"
                    ),
                ),
                (
                    "set_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ("exam", "-version"),
                "constraints": [
                    models.UniqueConstraint(fields=("exam", "version"), name="standard_version_unique"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("population_mean__isnull", True), ("population_sd__isnull", True)),
                            ("population_sd__gt", 0),
                            _connector="OR",
                        ),
                        name="standard_population_whole",
                    ),
                ],
            },
        ),
        migrations.RunPython(first_standards, migrations.RunPython.noop),
    ]
