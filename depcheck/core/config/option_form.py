"""The form of one option, as all tables of options have it."""

from dataclasses import dataclass
from enum import StrEnum

from depcheck.core.config import option_types as types


class OptionForm(StrEnum):
    """The ways to give an option: once, repeatedly, or as a switch."""

    ONE = "one"
    MANY = "many"  # repeated on the command line, a list in the configuration, lines in an input
    SWITCH = "switch"  # true or false
    OFF_SWITCH = "off-switch"  # its name begins with `no-` and it switches something off


@dataclass(frozen=True, slots=True)
class TableKey:
    """One key of a configuration table, with a text or a day."""

    name: str
    help: str
    is_required: bool = True
    is_day: bool = False


@dataclass(frozen=True, slots=True)
class Option:
    """One option.

    `field` is its attribute in the settings. `default` is the text for help and docs. `keys` are those of the
    table that can stand for a value in the configuration.
    """

    name: str
    field: str
    type: types.OptionType
    help: str
    metavar: str = ""
    default: str = ""
    form: OptionForm = OptionForm.ONE
    keys: tuple[TableKey, ...] = ()  # of the table that says the same in the configuration
