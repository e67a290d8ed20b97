from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("questions", "0001_initial"),
        ("exams", "0003_timeline_stays"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="sitting",
            name="simulated",
            field=models.BooleanField(default=False, help_text="Made by manage.py simulate; counts in no statistic."),
        ),
        migrations.AddIndex(
            model_name="sitting",
            index=models.Index(condition=models.Q(("simulated", True)), fields=["exam"], name="sitting_simulated"),
        ),
    ]
