"""Nothing is added to a published wording, and nothing is moved into one.

A pack writes parts before their revision for that; everywhere else wordings are drafts before they are published.
"""

from django.db import migrations

TABLES = ("questions_option", "questions_prompt", "questions_reference")

STAYS = """
CREATE OR REPLACE FUNCTION questions_part_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND to_jsonb(OLD) = to_jsonb(NEW) THEN
        RETURN NEW;
    END IF;
    IF EXISTS (
        SELECT FROM questions_revision
        WHERE id IN (OLD.revision_id, NEW.revision_id) AND state IN ('published', 'superseded', 'retired')
    ) THEN
        RAISE EXCEPTION 'A published wording is never changed.' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN COALESCE(NEW, OLD);
END $$;
"""

STAYED = """
CREATE OR REPLACE FUNCTION questions_part_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (TG_OP = 'DELETE' OR to_jsonb(OLD) <> to_jsonb(NEW)) AND EXISTS (
        SELECT FROM questions_revision
        WHERE id = OLD.revision_id AND state IN ('published', 'superseded', 'retired')
    ) THEN
        RAISE EXCEPTION 'A published wording is never changed.' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN COALESCE(NEW, OLD);
END $$;
"""


def triggers(events: str) -> str:
    return "".join(
        f"DROP TRIGGER questions_part_stays ON {table};\n"
        f"CREATE TRIGGER questions_part_stays BEFORE {events} ON {table}\n"
        "    FOR EACH ROW EXECUTE FUNCTION questions_part_stays();\n"
        for table in TABLES
    )


class Migration(migrations.Migration):
    dependencies = [("questions", "0006_imports")]

    operations = [
        migrations.RunSQL(STAYS + triggers("INSERT OR UPDATE OR DELETE"), STAYED + triggers("UPDATE OR DELETE")),
    ]
