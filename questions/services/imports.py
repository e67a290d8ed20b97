"""Bringing a file in through the studio: it is received, read, shown, confirmed and written, each step once.

Small files are read and written at once, others in the background (`work_off`), so that no request waits for them.
What is written goes in with the note that it is, in one transaction; whoever is killed in between has changed nothing.
"""

from __future__ import annotations

import datetime as dt
import logging
import uuid
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.cache import cache
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import User
from operations.away import unless_away
from questions.interchange.exchange import Limits, Unreadable
from questions.interchange.formats import FORMATS
from questions.interchange.importing import apply, plan
from questions.interchange.plans import Outdated, Plan, Progress, Row, silent
from questions.interchange.storing import CHANGED_SINCE
from questions.models import Exam, ImportRow, ImportUpload, Task
from questions.models.imports import WAITING, ImportState
from questions.services.base import NotAnAuthor, Refused, require_author

KEPT = dt.timedelta(hours=24)
MOST_OPEN = 10  # files of one author
AT_ONCE = 200  # questions that a request reads and writes itself
AT_ONCE_BYTES = 200_000  # larger files are not even looked into by a request
MOST_ATTEMPTS = 3
MOST_LOSSES = 30  # kept of one question; of the file as a whole ten times as many
LONGEST = 500  # characters of what a hostile file may have us show
CHUNK = 1_000
STEP = 50  # questions between two notes of progress
OPEN = (ImportState.READING, ImportState.PLANNED, ImportState.WRITING)  # states in which the file is kept
SHOWN = ("state", "message", "label", "digest", "counts", "losses", "done_at")
NO_END = "Reading the file did not come to an end; it may hold something that we cannot cope with."
FAULT = "The file could not be read because of a fault of ours; nothing was changed."

logger = logging.getLogger(__name__)


class Gone(Refused):
    """The file has been dropped."""


class _Many(Exception):
    """The file holds more than a request should wait for."""


# ---- what people do --------------------------------------------------------------------------------------------------


def receive(
    *, by: User, name: str, data: bytes, exam: Exam | None = None, task: Task | None = None, format_name: str = ""
) -> ImportUpload:
    """Take a file in, and read it if it is small; else background work will. Raises Refused and keeps nothing."""
    require_author(by)
    most = Limits.from_settings().bytes
    if len(data) > most:
        raise Refused(f"The file has {len(data):,} bytes; at most {most:,} are read.")
    if not data:
        raise Refused("The file is empty.")
    if format_name and format_name not in FORMATS:
        raise Refused("There is no such format.")
    if task is not None and exam is not None and task.exam_id != exam.pk:
        raise Refused("The task belongs to another exam.")
    upload = ImportUpload(
        owner=by,
        name=_file_name(name),
        data=data,
        size=len(data),
        exam=exam.code if exam else "",
        task=f"{task.exam.code} {task.code}" if task else "",
        format_name=format_name,
        created_at=timezone.now(),
    )
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=by.pk)  # two at once would not count each other
        if ImportUpload.objects.filter(owner=by, state__in=OPEN).count() >= MOST_OPEN:
            raise Refused(
                f"You have {MOST_OPEN} files here that are not imported yet; import or drop one of them first."
            )
        upload.save()
    if upload.size <= AT_ONCE_BYTES:
        _at_once(upload)
    return upload


def confirm(*, upload: ImportUpload, digest: str, by: User) -> ImportUpload:
    """Have the drafts written that the plan with this digest promises. A second time does nothing.

    Raises Refused when there is no such plan to confirm (any more).
    """
    _require_owner(upload, by)
    with transaction.atomic():
        row = _locked(upload)
        if row.state in (ImportState.WRITING, ImportState.DONE):
            return row
        if row.state != ImportState.PLANNED or row.digest != digest:
            raise Refused("The plan is another one by now; please look at it again.")
        if not row.counts["added"] + row.counts["changed"]:
            raise Refused("There is nothing to write.")
        row.state, row.attempts, row.message = ImportState.WRITING, 0, ""
        row.save(update_fields=["state", "attempts", "message"])
    if sum(row.counts.values()) <= AT_ONCE and row.size <= AT_ONCE_BYTES:
        _at_once(row)
    return row


def discard(*, upload: ImportUpload, by: User) -> None:
    """Drop the file and everything known of it. Raises Refused while it is being written."""
    _require_owner(upload, by)
    with transaction.atomic():
        row = ImportUpload.objects.select_for_update().defer("data").filter(pk=upload.pk).first()
        if row is None:
            return
        if row.state == ImportState.WRITING:
            raise Refused("It is being written at this moment.")
        row.delete()


def progress_of(upload: ImportUpload) -> tuple[int, int] | None:
    """How many questions of how many background work has been through."""
    found = unless_away(lambda: cache.get(_key(upload)), None)
    return (int(found[0]), int(found[1])) if found else None


def _at_once(upload: ImportUpload) -> None:
    """Take a small file as far as it gets. What fails here is met again, counted and given up by background work."""
    try:
        if upload.state == ImportState.WRITING:
            _write(upload, silent)
        if upload.state == ImportState.READING:
            _read(upload, _few)
    except _Many:
        pass
    except Exception:
        logger.exception("Import %s could not be done at once", upload.uuid)


# ---- background work -------------------------------------------------------------------------------------------------


def work_off(*, now: dt.datetime) -> int:
    """Read and write what waits, each file in one process at a time; drop what is old. Returns how many were worked on.

    Two statements when there is nothing to do.
    """
    ImportUpload.objects.filter(created_at__lt=now - KEPT).delete()
    done = 0
    for pk in list(ImportUpload.objects.filter(state__in=WAITING).order_by("pk").values_list("pk", flat=True)):
        with _alone(pk) as alone:
            if alone:
                done += _work_on(pk)
    return done


def _work_on(pk: int) -> int:
    row = ImportUpload.objects.select_related("owner").filter(pk=pk, state__in=WAITING).first()
    if row is None:
        return 0
    row.attempts += 1
    row.save(update_fields=["attempts"])
    if row.attempts > MOST_ATTEMPTS:  # whoever tried before was killed, perhaps by this very file
        _refuse(row, NO_END)
        return 1
    try:
        _write(row, _noted(row)) if row.state == ImportState.WRITING else _read(row, _noted(row))
    except (Gone, ImportUpload.DoesNotExist):
        logger.info("Import %s was dropped meanwhile", row.uuid)
    except Exception:
        logger.exception("Import %s failed", row.uuid)
        if row.attempts == MOST_ATTEMPTS:
            _refuse(row, FAULT)
    finally:
        unless_away(lambda: cache.delete(_key(row)), False)
    return 1


def _read(upload: ImportUpload, progress: Progress) -> None:
    """Make the plan and keep it to be shown."""
    try:
        found = _plan(upload, progress)
    except Unreadable as problem:
        _refuse(upload, str(problem))
        return
    with transaction.atomic():
        row = _locked(upload)
        if row.state == ImportState.READING:
            _keep(row, found)
    upload.refresh_from_db(fields=SHOWN)


def _write(upload: ImportUpload, progress: Progress) -> None:
    """Write what was confirmed; if the bank has another plan for the file by now, show that instead."""
    try:
        found = _plan(upload, progress)
        if found.digest != upload.digest:
            raise Outdated(CHANGED_SINCE)
        with transaction.atomic():
            row = _locked(upload)
            if row.state != ImportState.WRITING:
                return
            apply(found, by=row.owner)
            row.state, row.data, row.done_at = ImportState.DONE, b"", timezone.now()
            row.save(update_fields=["state", "data", "done_at"])
    except Outdated:
        _again(upload)
    except (Unreadable, NotAnAuthor) as problem:
        _refuse(upload, str(problem))
    upload.refresh_from_db(fields=SHOWN)


def _again(upload: ImportUpload) -> None:
    """The bank was faster: nothing is written, and the file is read once more."""
    with transaction.atomic():
        row = _locked(upload)
        if row.state != ImportState.WRITING:
            return
        row.state = ImportState.READING
        row.message = f"{CHANGED_SINCE} This is the plan as it is now."
        row.save(update_fields=["state", "message"])


def _plan(upload: ImportUpload, progress: Progress) -> Plan:
    exam = Exam.objects.filter(code=upload.exam).first() if upload.exam else None
    task = None
    if upload.exam and exam is None:
        raise Unreadable("The exam that was chosen is gone.")
    if upload.task:
        code, _, task_code = upload.task.rpartition(" ")
        task = Task.objects.select_related("exam").filter(exam__code=code, code=task_code).first()
        if task is None:
            raise Unreadable("The task that was chosen is gone.")
    return plan(
        bytes(upload.data), name=upload.name, exam=exam, task=task, format_name=upload.format_name, progress=progress
    )


def _keep(row: ImportUpload, found: Plan) -> None:
    row.rows.all().delete()
    numbered = enumerate(found.rows, 1)
    ImportRow.objects.bulk_create((_row(row, number, one) for number, one in numbered), batch_size=CHUNK)
    row.state, row.label, row.digest = ImportState.PLANNED, found.label, found.digest
    row.counts = {fate.value: count for fate, count in found.counts.items()}
    row.losses = [[_cut(loss.what), _cut(loss.why), loss.severity.value] for loss in found.losses[: 10 * MOST_LOSSES]]
    row.save(update_fields=["state", "label", "digest", "counts", "losses"])


def _row(upload: ImportUpload, number: int, row: Row) -> ImportRow:
    return ImportRow(
        upload=upload,
        number=number,
        fate=row.fate.value,
        public_id=row.public_id[:61],
        identifier=_cut(row.identifier),
        kind=row.kind[:20],
        stem=_cut(row.stem),
        place=" ".join(part for part in (row.exam, row.task) if part)[:40],
        why=_cut(row.why),
        problems=[_cut(problem) for problem in row.problems[:MOST_LOSSES]],
        losses=[[_cut(loss.what), _cut(loss.why), loss.severity.value] for loss in row.losses[:MOST_LOSSES]],
        lost=len(row.losses),
    )


def _refuse(upload: ImportUpload, message: str) -> None:
    with transaction.atomic():
        row = _locked(upload)
        if row.state in WAITING:
            row.state, row.message, row.data = ImportState.REFUSED, _cut(message), b""
            row.save(update_fields=["state", "message", "data"])
    upload.refresh_from_db(fields=SHOWN)


# ---- helpers ---------------------------------------------------------------------------------------------------------


def _require_owner(upload: ImportUpload, by: User) -> None:
    require_author(by)
    if upload.owner_id != by.pk:
        raise Refused("This file belongs to somebody else.")


def _locked(upload: ImportUpload) -> ImportUpload:
    """The row as it is now without the file, locked until the end of the transaction. Raises Gone."""
    rows = ImportUpload.objects.select_for_update(of=("self",)).select_related("owner").defer("data")
    found = rows.filter(pk=upload.pk).first()
    if found is None:
        raise Gone("This file has been dropped.")
    return found


@contextmanager
def _alone(pk: int) -> Iterator[bool]:
    """Whether nobody else works on it. The lock belongs to our connection, so it ends with us, however we end."""
    key = zlib.crc32(b"import")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [key - 2**31, pk % 2**31])
        alone = bool(cursor.fetchone()[0])
    try:
        yield alone
    finally:
        if alone:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [key - 2**31, pk % 2**31])


def _few(done: int, total: int) -> None:
    if total > AT_ONCE:
        raise _Many


def _noted(upload: ImportUpload) -> Progress:
    """Progress for the page that waits. It is kept in the cache, for it is worth nothing afterwards."""

    def note(done: int, total: int) -> None:
        if done % STEP == 0 or done == total:
            unless_away(lambda: cache.set(_key(upload), [done, total], 600), None)

    return note


def _key(upload: ImportUpload) -> str:
    return f"import:{upload.uuid}:progress"


def _file_name(name: str) -> str:
    """The last part of the name, without what no row or page can hold."""
    said = "".join(char for char in name.replace("\\", "/").rpartition("/")[2] if char.isprintable())
    return said.strip()[-200:] or "file"


def _cut(text: str) -> str:
    text = text.replace("\0", "")
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def owned(by: User, identifier: uuid.UUID) -> ImportUpload | None:
    """The file without its bytes, if it is this person's."""
    return ImportUpload.objects.defer("data").filter(owner=by, uuid=identifier).first()


__all__ = ["confirm", "discard", "owned", "progress_of", "receive", "work_off"]
