import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("exams", "0005_standards"),
        ("questions", "0001_initial"),
        ("scoring", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="CalibrationRun",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField()),
                ("created_at", models.DateTimeField()),
                (
                    "includes_simulated",
                    models.BooleanField(default=False, help_text="To look at only; such a run is never promoted."),
                ),
                ("data_until", models.DateTimeField(help_text="Sittings closed up to then were considered.")),
                ("digest", models.CharField(help_text="SHA-256 of the responses, in a fixed order.", max_length=64)),
                ("sittings", models.PositiveIntegerField(help_text="First sittings that took part.")),
                ("answers", models.PositiveIntegerField()),
                (
                    "excluded",
                    models.JSONField(default=dict, help_text="Reason -> number of sittings or answers left out."),
                ),
                (
                    "configuration",
                    models.JSONField(default=dict, help_text="Thresholds, priors and versions that the run used."),
                ),
                (
                    "alpha",
                    models.FloatField(
                        help_text="d ~ N(alpha + beta·logit(rating), tau²), in logits on the final scale."
                    ),
                ),
                ("beta", models.FloatField()),
                ("tau", models.FloatField()),
                (
                    "slope",
                    models.FloatField(help_text="Common slope a of the questions that are not measured by themselves."),
                ),
                ("population_mean", models.FloatField()),
                ("population_sd", models.FloatField()),
                ("ability", models.FloatField(default=0.0)),
                ("cut", models.DecimalField(decimal_places=4, help_text="S, as it stood.", max_digits=9)),
                ("log_likelihood", models.FloatField()),
                ("converged", models.BooleanField()),
                ("iterations", models.PositiveIntegerField()),
                (
                    "link",
                    models.JSONField(
                        default=dict, help_text="Anchors, those that drifted, and the Stocking-Lord check."
                    ),
                ),
                (
                    "disconnected",
                    models.JSONField(default=list, help_text="Parts (lists of question ids) that no anchors connect."),
                ),
                (
                    "warnings",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=500), blank=True, default=list, size=None
                    ),
                ),
                ("promoted_at", models.DateTimeField(blank=True, null=True)),
                (
                    "based_on",
                    models.ForeignKey(
                        blank=True,
                        help_text="The promoted run whose scale this one was linked to; empty for a first run.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="followers",
                        to="scoring.calibrationrun",
                    ),
                ),
                (
                    "exam",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="calibration_runs",
                        to="questions.exam",
                    ),
                ),
                (
                    "made_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "promoted_by",
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
                "ordering": ("exam", "-number"),
            },
        ),
        migrations.CreateModel(
            name="Regrade",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "act",
                    models.CharField(choices=[("key", "Key corrected"), ("removed", "Question removed")], max_length=7),
                ),
                (
                    "keys",
                    models.JSONField(
                        default=list, help_text="Responses that are right now, each a list of option numbers."
                    ),
                ),
                ("reason", models.CharField(max_length=500)),
                (
                    "losing_reason",
                    models.CharField(
                        blank=True, help_text="Why it is right that somebody loses a pass.", max_length=500
                    ),
                ),
                (
                    "summary",
                    models.JSONField(
                        default=dict, help_text="How many results moved: forms, results, up, down, gained, lost."
                    ),
                ),
                ("made_at", models.DateTimeField()),
                ("reverted_at", models.DateTimeField(blank=True, null=True)),
                ("revert_reason", models.CharField(blank=True, max_length=500)),
                (
                    "exam",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="regrades", to="questions.exam"
                    ),
                ),
                (
                    "made_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "reverted_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "revision",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="regrades", to="questions.revision"
                    ),
                ),
                (
                    "tables",
                    models.ManyToManyField(
                        help_text="Versions that it made.", related_name="regrades", to="exams.scoretable"
                    ),
                ),
            ],
            options={
                "ordering": ("-made_at",),
            },
        ),
        migrations.AddField(
            model_name="result",
            name="regrade",
            field=models.ForeignKey(
                blank=True,
                help_text="What made this version, if not the close of the sitting.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="results",
                to="scoring.regrade",
            ),
        ),
        migrations.CreateModel(
            name="RunForm",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("sittings", models.PositiveIntegerField()),
                ("cut", models.FloatField(help_text="T_f(ability): the borderline candidate's expected raw score.")),
                ("common_cut", models.FloatField(help_text="The same if all questions had one slope.")),
                ("minimum_passing_raw", models.PositiveSmallIntegerField()),
                (
                    "measured",
                    models.PositiveSmallIntegerField(help_text="Scored questions with parameters of their own."),
                ),
                ("statistics", models.JSONField(default=dict)),
                (
                    "form",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="run_forms", to="exams.form"
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="forms", to="scoring.calibrationrun"
                    ),
                ),
            ],
            options={
                "ordering": ("run", "form"),
            },
        ),
        migrations.CreateModel(
            name="RunItem",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "rung",
                    models.CharField(
                        choices=[
                            ("rating", "Rating only"),
                            ("common", "Measured, common slope"),
                            ("own", "Measured, own slope"),
                        ],
                        max_length=6,
                    ),
                ),
                ("n", models.PositiveIntegerField(help_text="First exposures that took part.")),
                ("facility", models.FloatField(null=True)),
                (
                    "item_rest",
                    models.FloatField(help_text="Point-biserial correlation with the rest score.", null=True),
                ),
                ("infit", models.FloatField(null=True)),
                ("outfit", models.FloatField(null=True)),
                ("omitted", models.FloatField(help_text="Share who saw it and gave no answer.", null=True)),
                ("median_ms", models.PositiveIntegerField(null=True)),
                (
                    "discrimination",
                    models.FloatField(help_text="a; empty without a rating and without data.", null=True),
                ),
                ("intercept", models.FloatField(help_text="d in logistic(a·θ + d)", null=True)),
                ("se_discrimination", models.FloatField(null=True)),
                ("se_difficulty", models.FloatField(null=True)),
                ("common_discrimination", models.FloatField(help_text="a if all questions had one slope.", null=True)),
                ("common_intercept", models.FloatField(null=True)),
                ("connected", models.BooleanField(default=True)),
                (
                    "anchor",
                    models.BooleanField(default=False, help_text="Held at its promoted parameters, to link the run."),
                ),
                (
                    "drift",
                    models.FloatField(
                        help_text="Difficulty in this run's new data less the promoted one, logits.", null=True
                    ),
                ),
                ("drift_z", models.FloatField(help_text="Robust z of that.", null=True)),
                ("options", models.JSONField(default=list)),
                ("curve", models.JSONField(default=list)),
                (
                    "obstacles",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=120),
                        blank=True,
                        default=list,
                        help_text="What keeps it from being calibrated.",
                        size=None,
                    ),
                ),
                (
                    "alarms",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=200), blank=True, default=list, size=None
                    ),
                ),
                (
                    "revision",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="run_items", to="questions.revision"
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="items", to="scoring.calibrationrun"
                    ),
                ),
            ],
            options={
                "ordering": ("run", "revision"),
            },
        ),
        migrations.AddConstraint(
            model_name="calibrationrun",
            constraint=models.UniqueConstraint(fields=("exam", "number"), name="calibration_run_number_unique"),
        ),
        migrations.AddConstraint(
            model_name="calibrationrun",
            constraint=models.CheckConstraint(
                condition=models.Q(("promoted_at__isnull", True), ("includes_simulated", False), _connector="OR"),
                name="calibration_run_simulated_never_promoted",
            ),
        ),
        migrations.AddConstraint(
            model_name="regrade",
            constraint=models.UniqueConstraint(
                condition=models.Q(("reverted_at__isnull", True)),
                fields=("exam", "revision"),
                name="regrade_one_standing",
            ),
        ),
        migrations.AddConstraint(
            model_name="runform",
            constraint=models.UniqueConstraint(fields=("run", "form"), name="run_form_unique"),
        ),
        migrations.AddConstraint(
            model_name="runitem",
            constraint=models.UniqueConstraint(fields=("run", "revision"), name="run_item_unique"),
        ),
    ]
