import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

# Some 3 kB of words for each wording would be kept outside its row, and fetching 10,000 of them from there costs more
# than all the rest of a search. MAIN keeps them inside as long as they fit into a page.
INSIDE = "ALTER TABLE questions_searchentry ALTER COLUMN vector SET STORAGE MAIN"
OUTSIDE = "ALTER TABLE questions_searchentry ALTER COLUMN vector SET STORAGE EXTENDED"


class Migration(migrations.Migration):
    # Revisions that are there already get their words from the first `tick`: see questions/search.py.
    dependencies = [
        ("questions", "0002_authoring"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="SearchEntry",
            fields=[
                (
                    "revision",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="search_entry",
                        serialize=False,
                        to="questions.revision",
                    ),
                ),
                (
                    "digest",
                    models.CharField(help_text="Digest and version of the wording that was read.", max_length=80),
                ),
                ("vector", django.contrib.postgres.search.SearchVectorField()),
            ],
            options={
                "verbose_name_plural": "search entries",
                "indexes": [django.contrib.postgres.indexes.GinIndex(fields=["vector"], name="search_entry_vector")],
            },
        ),
        migrations.RunSQL(INSIDE, OUTSIDE),
        migrations.CreateModel(
            name="SavedFilter",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=60)),
                ("query", models.CharField(max_length=2000)),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="saved_filters",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ("owner", "name"),
                "constraints": [models.UniqueConstraint(fields=("owner", "name"), name="saved_filter_unique")],
            },
        ),
    ]
