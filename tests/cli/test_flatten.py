"""Groups of options become flat Typer parameters, and come back to the command as groups."""

# ruff: noqa: ARG001 - some commands are only looked at

import re
from dataclasses import FrozenInstanceError, replace
from typing import Annotated, ClassVar

import pytest
import typer
import typer.main
from typer.testing import CliRunner

from privaudit.cli.app import build
from privaudit.cli.command import PlainCommand
from privaudit.cli.flatten import Offer, flag, flattened, group, option


@group
class Speed:
    section: ClassVar = "Speed"
    context: typer.Context
    top_speed: Annotated[int, option("N", "Fastest.", envvar="TEST_TOP_SPEED", min=1)] = 5
    unit: Annotated[str | None, option("NAME", "Unit.", "--unit", "-u")] = None


@group
class Car:
    section: ClassVar = "Car"
    name: Annotated[str, typer.Argument(metavar="NAME", help="Its name.")]
    loud: Annotated[bool, flag("Louder.")] = False
    speed: Speed


def program(command):
    app = typer.Typer(rich_markup_mode=None, add_completion=False)
    app.command("drive", cls=PlainCommand)(flattened(command))
    return app


def run(command, *arguments, **environment):
    return CliRunner().invoke(program(command), list(arguments), env=environment, catch_exceptions=False)


def parameters(command):
    return {each.name: each for each in typer.main.get_command(program(command)).params}


def seen(command_of):
    """Run a command and return the group that it was given."""
    kept = []

    def drive(car: Car) -> int:
        kept.append(car)
        return 0

    done = command_of(drive)
    assert done.exit_code == 0, done.output
    return kept[0]


def test_a_command_gets_its_groups_with_defaults_flags_and_environment():
    car = seen(lambda drive: run(drive, "beetle"))
    assert (car.name, car.loud, car.speed.top_speed, car.speed.unit) == ("beetle", False, 5, None)
    car = seen(lambda drive: run(drive, "beetle", "--loud", "-u", "km/h", TEST_TOP_SPEED="7"))
    assert (car.loud, car.speed.top_speed, car.speed.unit) == (True, 7, "km/h")


def test_the_source_of_a_value_is_known():
    source = {}

    def drive(car: Car) -> int:
        for name in ("top_speed", "unit", "loud"):
            source[name] = car.speed.context.get_parameter_source(name).name
        return 0

    assert run(drive, "beetle", "--unit", "km/h", TEST_TOP_SPEED="7").exit_code == 0
    assert source == {"top_speed": "ENVIRONMENT", "unit": "COMMANDLINE", "loud": "DEFAULT"}


def test_help_shows_every_option_under_the_heading_of_its_group():
    def drive(car: Car) -> int:
        """Drive."""

    lines = [line.rstrip() for line in run(drive, "--help").output.splitlines()]
    assert lines[0].endswith(" [OPTIONS] NAME")
    assert "  NAME  Its name.  [required]" in lines
    assert lines.index("Car:") < lines.index("  --loud  Louder.")
    assert "  -u, --unit NAME  Unit." in lines[lines.index("Speed:") :]


def test_an_offer_leaves_options_out_and_changes_heading_help_and_default():
    kept = []

    def drive(
        car: Annotated[
            Car,
            Offer(without=("loud",), section="All", helps={"unit": "Mine."}, defaults={"top_speed": 9}),
        ],
    ) -> int:
        kept.append(car)
        return 0

    assert run(drive, "beetle").exit_code == 0
    assert (kept[0].loud, kept[0].speed.top_speed) == (False, 9)
    assert run(drive, "beetle", "--loud").exit_code == 2
    unit = parameters(drive)["unit"]
    assert (unit.rich_help_panel, unit.help) == ("All", "Mine.")
    only = parameters(_only_the_unit)
    assert list(only) == ["unit"]


def _only_the_unit(speed: Annotated[Speed, Offer(only=("unit",))]) -> int:
    return 0


def test_the_offer_of_a_nested_group_holds_where_the_outer_one_says_nothing():
    @group
    class Garage:
        speed: Annotated[Speed, Offer(helps={"unit": "Inner."}, defaults={"top_speed": 3}, section="Inner")]

    def inner(garage: Garage) -> int:
        return 0

    def outer(garage: Annotated[Garage, Offer(helps={"unit": "Outer."})]) -> int:
        return 0

    found = parameters(inner)
    assert (found["unit"].help, found["unit"].rich_help_panel) == ("Inner.", "Inner")
    assert found["top_speed"].default == 3
    assert parameters(outer)["unit"].help == "Outer."


def test_two_options_with_one_name_or_one_flag_are_refused():
    def by_name(speed: Speed, unit: Annotated[str, option("X", "Again.", "--other")] = "") -> int:
        return 0

    def by_flag(speed: Speed, user: Annotated[str, option("X", "Again.", "--user", "-u")] = "") -> int:
        return 0

    def by_group(car: Car, speed: Speed) -> int:
        return 0

    for command, name in ((by_name, "unit"), (by_flag, "-u"), (by_group, "context")):
        with pytest.raises(TypeError, match=f"^{command.__name__} has two options {name}$"):
            flattened(command)


def test_an_offer_of_what_a_group_has_not_is_refused():
    def command(speed: Annotated[Speed, Offer(without=("wheels",))]) -> int:
        return 0

    with pytest.raises(TypeError, match=r"^Speed has no wheels$"):
        flattened(command)


def test_a_group_is_frozen_and_takes_its_own_fields_by_name():
    speed = Speed(context=None, top_speed=2)
    assert (speed.top_speed, speed.unit, replace(speed, unit="m/s").unit) == (2, None, "m/s")
    with pytest.raises(FrozenInstanceError, match=r"^Speed\.unit cannot be changed$"):
        speed.unit = "m/s"
    with pytest.raises(TypeError, match=r"^Speed needs context$"):
        Speed()
    with pytest.raises(TypeError, match=r"^Speed has no wheels$"):
        Speed(context=None, wheels=4)


def _commands(command, path=()):
    for name, inner in getattr(command, "commands", {}).items():
        yield from _commands(inner, (*path, name))
    if not hasattr(command, "commands"):
        yield " ".join(path), command


@pytest.mark.parametrize(("name", "command"), list(_commands(typer.main.get_command(build()))))
def test_help_names_what_a_value_is_and_never_a_type_of_python(name, command):
    shown = CliRunner().invoke(build(), [*name.split(), "--help"]).output
    assert not re.search(r"\b(INTEGER|TEXT|FLOAT|PATH|RANGE)\b|<[a-z][^|>]*>", shown), name
    for parameter in command.params:
        choices = "Literal" in str(parameter.type_descriptor.annotation)
        flag = parameter.param_type_name == "option" and parameter.is_flag
        assert parameter.metavar or flag or choices, f"{name} {parameter.name}"


def test_the_parts_that_a_user_names_are_the_parts_of_an_audit():
    from privaudit.audits.full import PARTS
    from privaudit.cli.audit import AuditPart

    assert tuple(part.value for part in AuditPart) == PARTS
