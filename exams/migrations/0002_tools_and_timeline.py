from typing import Any

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models


def answers_so_far(apps: Any, schema_editor: Any) -> None:
    """Until now every version was a new response, as far as anybody can tell."""
    apps.get_model("exams", "Answer").objects.update(answered_version=models.F("version"))


class Migration(migrations.Migration):
    dependencies = [
        ("exams", "0001_initial"),
    ]

    operations = [
        migrations.RenameModel("Conflict", "KeptChange"),
        migrations.CreateModel(
            name="Event",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "sitting_id", "number", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "sitting",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="timeline", to="exams.sitting"
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                ("at", models.DateTimeField(help_text="By the server's clock.")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("begun", "Begun"),
                            ("claimed", "Opened in a new window"),
                            ("saved", "Saved"),
                            ("late", "Arrived after the end, counts"),
                            ("kept", "Arrived, does not count"),
                            ("settled", "Conflict settled"),
                            ("offline", "Offline"),
                            ("granted", "Extra time granted"),
                            ("paused", "Paused"),
                            ("resumed", "Resumed"),
                            ("ended", "Ended"),
                            ("closed", "Closed"),
                            ("abandoned", "Given up"),
                        ],
                        max_length=9,
                    ),
                ),
                (
                    "by",
                    models.CharField(
                        choices=[("candidate", "the candidate"), ("clock", "the clock"), ("staff", "staff")],
                        default="candidate",
                        max_length=9,
                    ),
                ),
                ("staff", models.CharField(blank=True, max_length=254)),
                ("claim", models.PositiveIntegerField(blank=True, null=True)),
                ("first_sequence", models.PositiveBigIntegerField(blank=True, null=True)),
                ("last_sequence", models.PositiveBigIntegerField(blank=True, null=True)),
                (
                    "seats",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.PositiveSmallIntegerField(), blank=True, default=list, size=None
                    ),
                ),
                ("left_ms", models.BigIntegerField(blank=True, null=True)),
                ("until_ms", models.BigIntegerField(blank=True, null=True)),
                ("minutes", models.SmallIntegerField(blank=True, null=True)),
            ],
            options={
                "ordering": ("sitting", "number"),
            },
        ),
        migrations.CreateModel(
            name="Pad",
            fields=[
                (
                    "sitting",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="pad",
                        serialize=False,
                        to="exams.sitting",
                    ),
                ),
                ("text", models.TextField(blank=True)),
                ("version", models.PositiveIntegerField(default=1)),
                ("claim", models.PositiveIntegerField()),
                ("sequence", models.PositiveBigIntegerField()),
                ("saved_at", models.DateTimeField()),
            ],
        ),
        migrations.AddField(
            model_name="answer",
            name="answered_version",
            field=models.PositiveIntegerField(default=1, help_text="Version in which the response last changed."),
        ),
        migrations.AddField(
            model_name="answer",
            name="marks",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.PositiveIntegerField(), blank=True, default=list, size=None
            ),
        ),
        migrations.AddField(
            model_name="answer",
            name="scenario_marks",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.PositiveIntegerField(), blank=True, default=list, size=None
            ),
        ),
        migrations.AddField(
            model_name="answer",
            name="struck",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=8), blank=True, default=list, size=None
            ),
        ),
        migrations.AddField(
            model_name="keptchange",
            name="left_ms",
            field=models.BigIntegerField(default=0, help_text="Time left when it was made, by the browser's word."),
        ),
        migrations.AddField(
            model_name="keptchange",
            name="reason",
            field=models.CharField(
                choices=[("conflict", "A newer answer of another window stands"), ("late", "It came after the end")],
                default="conflict",
                max_length=8,
            ),
        ),
        migrations.AddField(
            model_name="keptchange",
            name="settled_at",
            field=models.DateTimeField(blank=True, help_text="The candidate has chosen what stands.", null=True),
        ),
        migrations.AddField(
            model_name="keptchange",
            name="struck",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=8), blank=True, default=list, size=None
            ),
        ),
        migrations.AddField(
            model_name="keptchange",
            name="text",
            field=models.TextField(blank=True, help_text="The note pad's, for seat 0."),
        ),
        migrations.AddField(
            model_name="sitting",
            name="events",
            field=models.PositiveIntegerField(default=0, help_text="Number of the timeline's last event."),
        ),
        migrations.AddField(
            model_name="sitting",
            name="granted_minutes",
            field=models.PositiveSmallIntegerField(default=0, help_text="Given by staff while it ran."),
        ),
        migrations.AddField(
            model_name="sitting",
            name="open_conflicts",
            field=models.PositiveSmallIntegerField(default=0, help_text="Kept changes that wait for a choice."),
        ),
        migrations.AddField(
            model_name="sitting",
            name="supervised",
            field=models.BooleanField(default=False, help_text="The page asks every few seconds how things stand."),
        ),
        migrations.AlterField(
            model_name="answer",
            name="response",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=8), blank=True, default=list, size=None
            ),
        ),
        migrations.AlterField(
            model_name="keptchange",
            name="response",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=8), blank=True, default=list, size=None
            ),
        ),
        migrations.AlterField(
            model_name="keptchange",
            name="sitting",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="kept_changes", to="exams.sitting"
            ),
        ),
        migrations.AlterField(
            model_name="sitting",
            name="extra_minutes",
            field=models.PositiveSmallIntegerField(default=0, help_text="Agreed before the start."),
        ),
        migrations.AddIndex(
            model_name="keptchange",
            index=models.Index(
                condition=models.Q(("reason", "conflict"), ("settled_at__isnull", True)),
                fields=["sitting"],
                name="kept_change_open",
            ),
        ),
        migrations.RunPython(answers_so_far, migrations.RunPython.noop),
    ]
