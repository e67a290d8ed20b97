"""Images that a pack brings: files in `images/`, shown as ``![what it shows](image:<file name>)`` or by their hash."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from django.conf import settings
from pydantic import BaseModel

from questions.images import BadImage, Prepared, check_size, prepare, sha256_of
from questions.mentions import FOREIGN, Mention, mentions, problems
from questions.models import Image
from questions.pack.reader import Pack, PackError, PackErrors, Source
from questions.pack.schema import Question, Scenario

Model = TypeVar("Model", bound=BaseModel)
_ADDRESS = re.compile(r"(\]\(\s*<?)image:([A-Za-z0-9][A-Za-z0-9._\-]*)(?=[\s>)])")


def texts_of(entry: Question | Scenario) -> Iterator[tuple[str, str]]:
    """Every text in Markdown, with its path as errors name it."""
    if isinstance(entry, Scenario):
        yield "text", entry.text
        return
    yield "stem", entry.stem
    for number, option in enumerate(entry.options, 1):
        yield f"options.{number}.text", option.text
        yield f"options.{number}.rationale", option.rationale
    for number, prompt in enumerate(entry.prompts, 1):
        yield f"prompts.{number}.text", prompt.text
        yield f"prompts.{number}.rationale", prompt.rationale


def entries_of(pack: Pack) -> Iterator[tuple[Question | Scenario, Source]]:
    yield from pack.scenarios.values()
    yield from pack.questions.values()


def read_images(folder: Path, pack: Pack) -> list[PackError]:
    """Put the images that the pack's texts show into `pack.images`; returns what is wrong with them."""
    errors: list[PackError] = []
    shown = [
        (source, path, text, mentions(text))
        for entry, source in entries_of(pack)
        for path, text in texts_of(entry)
        if "![" in text
    ]
    files = {path.name: path for path in sorted((folder / "images").glob("*")) if path.is_file()} if shown else {}
    wanted = {one.file or one.sha256 for *_, found in shown for one in found}
    for name, file in files.items():
        try:
            if name in wanted:
                check_size(file.stat().st_size)
            elif file.stat().st_size > settings.IMAGE_MAXIMUM_BYTES:
                continue
            content = file.read_bytes()
            if {name, sha256_of(content)} & wanted:
                pack.images[name] = prepare(content)
        except (BadImage, OSError) as bad:
            errors.append(PackError(str(file.relative_to(folder.parent)), 1, "", str(bad)))
    for source, path, text, found in shown:
        errors += _wrong(source, path, text, found, set(files))
    return errors


def _wrong(source: Source, path: str, text: str, found: list[Mention], files: set[str]) -> Iterator[PackError]:
    unnamed = {one.file for one in mentions(_ADDRESS.sub(rf"\1image:{'0' * 64}", text))}
    for problem in problems(text):
        if problem != FOREIGN:
            yield source.error(path, problem)
    for one in found:
        if one.sha256:
            continue
        if not one.file:
            yield source.error(path, FOREIGN)
        elif one.file not in files:
            yield source.error(path, f"there is no file images/{one.file}")
        elif one.file in unnamed:
            yield source.error(path, f"write the address of {one.file} beside its words: ![…](image:{one.file})")


def stored(pack: Pack) -> Pack:
    """The same pack, its images kept in the bank and named by their hashes. Raises PackErrors."""
    shown = [(source, path, one) for entry, source in entries_of(pack) for path, text in texts_of(entry)
             for one in mentions(text)]  # fmt: skip
    if not shown:
        return pack
    known = {name: Image.objects.keep(image, alt=_alt(name, image, shown)).pk for name, image in pack.images.items()}
    known |= {image.source: known[name] for name, image in pack.images.items()}
    hashes = {one.sha256 for _, _, one in shown} - {""} - set(known)
    there = set(Image.objects.filter(pk__in=hashes).values_list("pk", flat=True))
    gone = hashes - there
    if gone:
        raise PackErrors([source.error(path, f"there is no image {one.sha256[:12]}… in the bank or the pack")
                          for source, path, one in shown if one.sha256 in gone])  # fmt: skip

    def named(text: str) -> str:
        return _ADDRESS.sub(lambda found: f"{found[1]}image:{known.get(found[2], found[2])}", text)

    return Pack(
        exam=pack.exam,
        exam_source=pack.exam_source,
        scenarios={name: (_with(entry, named), source) for name, (entry, source) in pack.scenarios.items()},
        questions={name: (_reworded(entry, named), source) for name, (entry, source) in pack.questions.items()},
        images=pack.images,
    )


def _alt(name: str, image: Prepared, shown: list[tuple[Source, str, Mention]]) -> str:
    return next(one.alt for _, _, one in shown if name == one.file or image.source == one.sha256)


def _reworded(question: Question, named: Callable[[str], str]) -> Question:
    return question.model_copy(
        update={
            "stem": named(question.stem),
            "options": [_with(option, named) for option in question.options],
            "prompts": [_with(prompt, named) for prompt in question.prompts],
        }
    )


def _with(part: Model, named: Callable[[str], str]) -> Model:
    texts = {name: named(getattr(part, name)) for name in ("text", "rationale") if hasattr(part, name)}
    return part.model_copy(update=texts)
