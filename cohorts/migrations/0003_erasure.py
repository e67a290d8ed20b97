from django.db import migrations

# Timelines and the bank's trail are kept by triggers (exams 0003, questions 0002), and both name staff in text. When a
# person is erased, their name has to go from there, and old timelines may go as a whole. So a transaction that says
# that it erases (accounts.privacy) may blank exactly these columns, and delete events. It is here because the highest
# room sees both tables.
ERASABLE = """
CREATE OR REPLACE FUNCTION exams_event_stays() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    erasing CONSTANT boolean := coalesce(current_setting('cutscore.erasing', true), '') = 'on';
BEGIN
    IF TG_OP = 'UPDATE' AND erasing AND to_jsonb(OLD) - 'staff' = to_jsonb(NEW) - 'staff' THEN
        RETURN NEW;
    END IF;
    IF TG_OP = 'UPDATE' OR NOT erasing AND EXISTS (SELECT FROM exams_sitting WHERE id = OLD.sitting_id) THEN
        RAISE EXCEPTION 'The timeline of a sitting is never changed.' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION questions_audit_stays() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    erasing CONSTANT boolean := coalesce(current_setting('cutscore.erasing', true), '') = 'on';
BEGIN
    IF TG_OP = 'UPDATE' AND (OLD.id, OLD.public_id, OLD."when", OLD.act)
        = (NEW.id, NEW.public_id, NEW."when", NEW.act)
        AND (OLD.detail = NEW.detail OR erasing)
        AND (NEW.question_id IS NULL OR NEW.question_id = OLD.question_id)
        AND (NEW.revision_id IS NULL OR NEW.revision_id = OLD.revision_id)
        AND (NEW.who_id IS NULL OR NEW.who_id = OLD.who_id)
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'The audit trail of a question is never changed.' USING ERRCODE = 'restrict_violation';
END $$;
"""
KEPT = """
CREATE OR REPLACE FUNCTION exams_event_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' OR EXISTS (SELECT FROM exams_sitting WHERE id = OLD.sitting_id) THEN
        RAISE EXCEPTION 'The timeline of a sitting is never changed.' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION questions_audit_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND (OLD.id, OLD.public_id, OLD."when", OLD.act, OLD.detail)
        = (NEW.id, NEW.public_id, NEW."when", NEW.act, NEW.detail)
        AND (NEW.question_id IS NULL OR NEW.question_id = OLD.question_id)
        AND (NEW.revision_id IS NULL OR NEW.revision_id = OLD.revision_id)
        AND (NEW.who_id IS NULL OR NEW.who_id = OLD.who_id)
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'The audit trail of a question is never changed.' USING ERRCODE = 'restrict_violation';
END $$;
"""


class Migration(migrations.Migration):
    # Why the release before goes on working while it is applied.
    beside = "Only a transaction that says that it erases may do more than before, and old code never says so."

    dependencies = [
        ("cohorts", "0002_outcomes"),
        ("exams", "0006_assigned_sittings"),
        ("questions", "0007_parts_stay"),
    ]

    operations = [migrations.RunSQL(ERASABLE, KEPT)]
