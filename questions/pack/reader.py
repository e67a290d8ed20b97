"""Read a pack folder: `exam.yaml` and `questions/*.yaml`. Nothing here touches the database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from questions.images import Prepared
from questions.pack.schema import ContentProblem, Exam, Question, QuestionFile, Scenario

MAXIMUM_FILE_BYTES = 2_000_000
MAXIMUM_DEPTH = 50  # libyaml composes recursively and crashes the process on a file of brackets

Place = tuple[int | str, ...]
Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class PackError:
    """One thing wrong with a pack, with the place where a text editor finds it."""

    file: str
    line: int
    field: str
    message: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}"
        return f"{where}: {self.field}: {self.message}" if self.field else f"{where}: {self.message}"


class PackErrors(Exception):
    """A pack that cannot be used. `errors` holds every problem found, not only the first."""

    def __init__(self, errors: Sequence[PackError]) -> None:
        super().__init__("\n".join(str(error) for error in errors))
        self.errors = list(errors)


@dataclass(frozen=True, slots=True)
class Source:
    """Where an entry came from, for errors that are found only after reading."""

    file: str
    line: int

    def error(self, field_path: str, message: str) -> PackError:
        return PackError(self.file, self.line, field_path, message)


@dataclass(slots=True)
class Pack:
    """A whole pack: an optional exam, scenarios and questions, each with its source, and the images they show."""

    exam: Exam | None = None
    exam_source: Source | None = None
    scenarios: dict[str, tuple[Scenario, Source]] = field(default_factory=dict)
    questions: dict[str, tuple[Question, Source]] = field(default_factory=dict)
    images: dict[str, Prepared] = field(default_factory=dict)  # by file name


def read_pack(folder: Path) -> Pack:
    """Read and validate every file of a pack. Raises PackErrors with all problems of all files."""
    from questions.pack.images import read_images  # it speaks of packs, too

    files = sorted(folder.glob("questions/*.yaml"))
    exam_file = folder / "exam.yaml"
    if not files and not exam_file.is_file():
        raise PackErrors([PackError(str(folder), 0, "", "there is no exam.yaml and no questions/*.yaml here")])
    pack, errors = Pack(), list[PackError]()
    if exam_file.is_file():
        exam, document, found = read_file(exam_file, Exam, folder)
        errors += found
        if exam is not None and document is not None:
            pack.exam, pack.exam_source = exam, document.source(())
    for path in files:
        content, document, found = read_file(path, QuestionFile, folder)
        errors += found
        if content is not None and document is not None:
            errors += _collect(pack, content, document)
    errors += _cross_check(pack)
    errors += read_images(folder, pack)
    if errors:
        raise PackErrors(sorted(errors, key=lambda error: (error.file, error.line)))
    return pack


def _collect(pack: Pack, content: QuestionFile, document: Document) -> list[PackError]:
    errors = []
    for number, scenario in enumerate(content.scenarios):
        source = document.source(("scenarios", number))
        if scenario.id in pack.scenarios:
            first = pack.scenarios[scenario.id][1]
            errors.append(source.error("id", f"{scenario.id} is taken by {first.file}:{first.line}"))
        pack.scenarios.setdefault(scenario.id, (scenario, source))
    for number, question in enumerate(content.questions):
        source = document.source(("questions", number))
        if question.id in pack.questions:
            first = pack.questions[question.id][1]
            errors.append(source.error("id", f"{question.id} is taken by {first.file}:{first.line}"))
        pack.questions.setdefault(question.id, (question, source))
    return errors


def _cross_check(pack: Pack) -> list[PackError]:
    """Problems between entries: scenarios that are unknown or too small, tasks that do not exist."""
    errors = []
    uses = Counter(question.scenario for question, _ in pack.questions.values() if question.scenario)
    for scenario, source in pack.scenarios.values():
        if uses[scenario.id] < 2:
            errors.append(source.error("id", f"a case study needs at least 2 questions, {scenario.id} has fewer"))
    topics = (
        {task.code: {topic.number for topic in task.topics} for domain in pack.exam.domains for task in domain.tasks}
        if pack.exam
        else {}
    )
    for question, source in pack.questions.values():
        if question.scenario and question.scenario not in pack.scenarios:
            errors.append(source.error("scenario", f"there is no scenario {question.scenario}"))
        for placement in question.placements:
            if pack.exam is None or placement.exam != pack.exam.code:
                continue
            if placement.task not in topics:
                errors.append(source.error("placements", f"{placement.exam} has no task {placement.task}"))
            elif unknown := set(placement.topics) - topics[placement.task]:
                errors.append(source.error("placements", f"task {placement.task} has no topic {min(unknown)}"))
    return errors


class Document:
    """A YAML document that still knows on which line each value stands."""

    def __init__(self, file: str, node: yaml.Node) -> None:
        self.file = file
        self.node = node

    def line(self, place: Place) -> int:
        """Line (from 1) of the deepest node on the path `place` that exists."""
        node: yaml.Node = self.node
        for step in place:
            child = _child(node, step)
            if child is None:
                break
            node = child
        return node.start_mark.line + 1

    def source(self, place: Place) -> Source:
        return Source(self.file, self.line(place))


def _child(node: yaml.Node, step: int | str) -> yaml.Node | None:
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        child: yaml.Node = node.value[step]
        return child
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(step):
                found: yaml.Node = value
                return found
    return None


def read_file(path: Path, model: type[Model], folder: Path) -> tuple[Model | None, Document | None, list[PackError]]:
    """Parse one YAML file into `model`; returns the problems instead of raising."""
    name = str(path.relative_to(folder.parent))
    try:
        if path.stat().st_size > MAXIMUM_FILE_BYTES:
            return None, None, [PackError(name, 1, "", f"the file is larger than {MAXIMUM_FILE_BYTES:,} bytes")]
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None, None, [PackError(name, 1, "", "the file is not UTF-8 text")]
    except OSError as error:
        return None, None, [PackError(name, 1, "", f"the file cannot be read: {error.strerror}")]
    data, document, found = parse(name, text)
    if document is None:
        return None, None, found
    try:
        return model.model_validate(data), document, []
    except ValidationError as invalid:
        return None, document, _explain(invalid, document)


def parse(name: str, text: str, *, aliases: bool = True) -> tuple[Any, Document | None, list[PackError]]:
    """A YAML text as plain data; returns the problems instead of raising. There is a document where there are none.

    Without `aliases` a text that uses any is refused: a few of them make a small file a big one.
    """
    try:
        if found := _scan(name, text, aliases=aliases):
            return None, None, found
        loader = PackLoader(text)
        node = loader.get_single_node()
        if node is None:
            return None, None, [PackError(name, 1, "", "the file is empty")]
        return loader.construct_document(node), Document(name, node), []
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        return None, None, [PackError(name, line, "", f"not valid YAML: {error.problem}")]
    except (yaml.YAMLError, ValueError) as error:
        return None, None, [PackError(name, 1, "", f"not valid YAML: {str(error).partition(chr(10))[0]}")]


class PackLoader(yaml.CSafeLoader):
    """Plain data only; dates stay text, so that a day that does not exist is the schema's to name."""

    yaml_implicit_resolvers = {  # noqa: RUF012  # declared by PyYAML as it is
        sign: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for sign, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
    }


def _scan(name: str, text: str, *, aliases: bool) -> list[PackError]:
    """What YAML lets pass and no pack may hold: a key twice (the last one would win), NUL, bottomless nesting."""
    found: list[PackError] = []
    keys: list[set[str] | None] = []  # of every open mapping; None for a list
    expected: list[bool] = []  # whether the next node of that mapping is a key
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.CollectionEndEvent):
            keys.pop()
            expected.pop()
        if not isinstance(event, yaml.NodeEvent):
            continue
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.AliasEvent) and not aliases:
            return [PackError(name, line, "", "aliases are not allowed here")]
        is_key = bool(expected) and expected[-1]
        if expected and keys[-1] is not None:
            expected[-1] = not is_key
        if isinstance(event, yaml.ScalarEvent):
            if "\0" in event.value:
                found.append(PackError(name, line, "", "the text holds a NUL character"))
            if is_key and keys[-1] is not None:
                if event.value in keys[-1]:
                    found.append(PackError(name, line, event.value, "stands here a second time"))
                keys[-1].add(event.value)
        elif isinstance(event, yaml.CollectionStartEvent):
            keys.append(set() if isinstance(event, yaml.MappingStartEvent) else None)
            expected.append(isinstance(event, yaml.MappingStartEvent))
            if len(keys) > MAXIMUM_DEPTH:
                return [PackError(name, line, "", f"is nested more than {MAXIMUM_DEPTH} levels deep")]
    return found


def _explain(invalid: ValidationError, document: Document) -> list[PackError]:
    errors = []
    for problem in invalid.errors():
        place = problem["loc"]
        cause = problem.get("ctx", {}).get("error")
        if isinstance(cause, ContentProblem):
            for found in cause.problems:
                deeper = (*place, *(int(step) if step.isdigit() else step for step in found.where.split(".")))
                errors.append(PackError(document.file, document.line(deeper), dotted(deeper), found.what))
        else:
            message = problem["msg"].removeprefix("Value error, ")
            errors.append(PackError(document.file, document.line(place), dotted(place), message))
    return errors


def dotted(place: Place) -> str:
    """A path as authors read it: lists count from 1 and the leading list name is kept."""
    return ".".join(str(step + 1) if isinstance(step, int) else step for step in place)
