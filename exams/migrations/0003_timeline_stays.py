from django.db import migrations

# The timeline is evidence when a candidate and a proctor disagree, and what writes it is raw SQL: so the database
# itself refuses to change it. Events go only together with their sitting. Django deletes them first, hence the look
# at the end of the transaction. Both rules touch one sitting only (ADR 0005).
STAYS = """
CREATE FUNCTION exams_event_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' OR EXISTS (SELECT FROM exams_sitting WHERE id = OLD.sitting_id) THEN
        RAISE EXCEPTION 'The timeline of a sitting is never changed.' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER exams_event_no_update BEFORE UPDATE ON exams_event
    FOR EACH ROW EXECUTE FUNCTION exams_event_stays();
CREATE CONSTRAINT TRIGGER exams_event_no_delete AFTER DELETE ON exams_event
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION exams_event_stays();
"""
GOES = """
DROP TRIGGER exams_event_no_delete ON exams_event;
DROP TRIGGER exams_event_no_update ON exams_event;
DROP FUNCTION exams_event_stays();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("exams", "0002_tools_and_timeline"),
    ]

    operations = [
        migrations.RunSQL(STAYS, GOES),
    ]
