import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("exams", "0005_standards"),
    ]

    operations = [
        migrations.CreateModel(
            name="Presence",
            fields=[
                (
                    "sitting",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="presence",
                        serialize=False,
                        to="exams.sitting",
                    ),
                ),
                ("seen_at", models.DateTimeField()),
            ],
        ),
        migrations.AddField(
            model_name="sitting",
            name="assigned",
            field=models.BooleanField(
                db_default=False, default=False, help_text="Staff gave it; it cannot be given up."
            ),
        ),
        migrations.AddField(
            model_name="sitting",
            name="notices",
            field=models.PositiveSmallIntegerField(
                db_default=0, default=0, help_text="Number of the last message from staff."
            ),
        ),
        migrations.AddField(
            model_name="sitting",
            name="reopened_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="sitting",
            name="results_at",
            field=models.DateTimeField(blank=True, help_text="Empty: as soon as there is a result.", null=True),
        ),
        migrations.AddField(
            model_name="sitting",
            name="results_held",
            field=models.BooleanField(db_default=False, default=False, help_text="Until staff release the result."),
        ),
        migrations.AddField(
            model_name="sitting",
            name="review_at",
            field=models.DateTimeField(blank=True, help_text="Empty: together with the result.", null=True),
        ),
        migrations.AddField(
            model_name="sitting",
            name="review_held",
            field=models.BooleanField(
                db_default=False, default=False, help_text="Until staff release keys and rationales."
            ),
        ),
        migrations.AddField(
            model_name="sitting",
            name="void",
            field=models.BooleanField(
                db_default=False, default=False, help_text="Declared void by staff; counts in no statistic."
            ),
        ),
        migrations.AlterField(
            model_name="event",
            name="kind",
            field=models.CharField(
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
                    ("reopened", "Reopened"),
                    ("voided", "Declared void"),
                    ("notice", "Message from staff"),
                ],
                max_length=9,
            ),
        ),
        migrations.CreateModel(
            name="Notice",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "sitting_id", "number", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("number", models.PositiveSmallIntegerField()),
                ("at", models.DateTimeField()),
                ("text", models.CharField(max_length=500)),
                (
                    "sitting",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="messages", to="exams.sitting"
                    ),
                ),
            ],
            options={
                "ordering": ("sitting", "number"),
            },
        ),
        # What it holds is worth nothing after a crash, so it need not be written twice.
        migrations.RunSQL("ALTER TABLE exams_presence SET UNLOGGED", "ALTER TABLE exams_presence SET LOGGED"),
    ]
