"""Groups of options: a dataclass whose fields are options, written out for Typer by one decorator."""

import functools
import inspect
from collections.abc import Callable, Iterator, Mapping
from copy import copy
from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass
from typing import Annotated, Any, get_args, get_origin

import typer
from typer.models import OptionInfo, ParameterInfo


def option(
    metavar: str | None,
    text: str,
    *flags: str,
    envvar: str | None = None,
    min: float | None = None,  # noqa: A002 - Typer's names
    max: float | None = None,  # noqa: A002
    section: str | None = None,
) -> Any:  # noqa: ANN401 - as typer.Option
    """An option with a value, named like its field unless ``flags`` says otherwise.

    Without ``metavar`` the help shows the choices.
    """
    return typer.Option(
        *flags, metavar=metavar, help=text, envvar=envvar, min=min, max=max, rich_help_panel=section
    )


def flag(text: str, *flags: str, section: str | None = None) -> Any:  # noqa: ANN401
    """An option without a value, which is off by default."""
    return typer.Option(*flags, help=text, rich_help_panel=section)


@dataclass(frozen=True)
class Offer:
    """What a command changes in a group: ``Annotated[OutputOptions, Offer(without=("mlflow",))]``."""

    only: tuple[str, ...] = ()
    """The fields that are options of this command; empty means all. The others keep their defaults."""
    without: tuple[str, ...] = ()
    section: str | None = None
    """Heading in the help, instead of the group's own."""
    helps: Mapping[str, str] = field(default_factory=dict)
    defaults: Mapping[str, object] = field(default_factory=dict)

    def includes(self, name: str) -> bool:
        """Whether a field is an option of this command."""
        return name in self.only if self.only else name not in self.without

    @property
    def names(self) -> set[str]:
        """Every field that is named."""
        return {*self.only, *self.without, *self.helps, *self.defaults}


def flattened(command: Callable[..., int]) -> Callable[..., int]:
    """Give ``command`` one flat parameter for each option of its groups.

    A group is a frozen, keyword-only dataclass. Its fields are ``Annotated`` options or arguments, further
    groups, or the ``typer.Context``; its class variable ``section`` is their heading in the help.

    Raises:
        TypeError: two options have the same name or flag, or an :class:`Offer` names no field of its group.
    """
    given = inspect.signature(command).parameters.values()
    groups = {each.name: group for each in given if (group := _group(each.annotation)) is not None}
    own = [each.name for each in given if each.name not in groups]

    @functools.wraps(command)
    def run(**values: object) -> int:
        filled = {name: _filled(*group, values) for name, group in groups.items()}
        return command(**{name: values[name] for name in own}, **filled)

    flat: list[inspect.Parameter] = []
    for each in given:
        if each.name in groups:
            flat += _options(*groups[each.name])
        else:
            flat.append(_parameter(each.name, each.annotation, each.default))
    _refuse_repeated(command.__name__, flat)
    run.__signature__ = inspect.Signature(flat, return_annotation=int)  # type: ignore[attr-defined]
    run.__annotations__ = {each.name: each.annotation for each in flat}
    return run


def _group(annotation: object) -> tuple[type, Offer] | None:
    """The dataclass and the offer of an annotation; None where it is an option of its own."""
    kind, *rest = get_args(annotation) if get_origin(annotation) is Annotated else (annotation,)
    if not (isinstance(kind, type) and is_dataclass(kind)):
        return None
    offer = next((each for each in rest if isinstance(each, Offer)), Offer())
    if unknown := offer.names - {each.name for each in _leaves(kind)}:
        raise TypeError(f"{kind.__name__} has no {', '.join(sorted(unknown))}")
    return kind, offer


def _leaves(kind: type) -> Iterator["Field[Any]"]:
    for each in fields(kind):
        group = _group(each.type)
        yield from (each,) if group is None else _leaves(group[0])


def _options(kind: type, offer: Offer) -> Iterator[inspect.Parameter]:
    section = offer.section or getattr(kind, "section", None)
    for each in fields(kind):
        group = _group(each.type)
        if group is not None:
            yield from _options(group[0], _within(offer, group[1]))
        elif _is_offered(each, offer):
            default = inspect.Parameter.empty if each.default is MISSING else each.default
            yield _parameter(
                each.name,
                each.type,
                offer.defaults.get(each.name, default),
                section=section,
                text=offer.helps.get(each.name),
            )


def _is_offered(each: "Field[Any]", offer: Offer) -> bool:
    return each.type is typer.Context or offer.includes(each.name)


def _within(outer: Offer, inner: Offer) -> Offer:
    """The offer of a nested group, where the outer one goes first."""
    return Offer(
        only=outer.only or inner.only,
        without=outer.without + inner.without,
        section=outer.section or inner.section,
        helps={**inner.helps, **outer.helps},
        defaults={**inner.defaults, **outer.defaults},
    )


def _parameter(
    name: str, annotation: object, default: object, *, section: str | None = None, text: str | None = None
) -> inspect.Parameter:
    """What Typer reads, with the flag, the heading and the help text filled in."""
    if get_origin(annotation) is Annotated:
        kind, found = get_args(annotation)
        info = copy(found)
        if isinstance(info, OptionInfo) and not _flags(info):
            info.param_decls = (f"--{name.replace('_', '-')}",)
        info.rich_help_panel = info.rich_help_panel or section
        info.help = text or info.help
        annotation = Annotated[kind, info]
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def _flags(info: ParameterInfo) -> list[str]:
    # NOTE: in an annotation, Typer takes the first flag for the default.
    return [each for each in (info.default, *(info.param_decls or ())) if isinstance(each, str)]


def _filled(kind: type, offer: Offer, values: Mapping[str, object]) -> object:
    """The group with the values that Typer parsed; what the command does not offer keeps its default."""
    given: dict[str, object] = {}
    for each in fields(kind):
        group = _group(each.type)
        if group is not None:
            given[each.name] = _filled(group[0], _within(offer, group[1]), values)
        elif _is_offered(each, offer):
            given[each.name] = values[each.name]
    return kind(**given)


def _refuse_repeated(command: str, flat: list[inspect.Parameter]) -> None:
    seen: set[str] = set()
    for each in flat:
        infos = (one for one in get_args(each.annotation)[1:] if isinstance(one, ParameterInfo))
        for name in (each.name, *(name for info in infos for name in _flags(info))):
            if name in seen:
                raise TypeError(f"{command} has two options {name}")
            seen.add(name)
