"""The parameters of a notebook: read from its `parameters` cell, and checked before a kernel starts."""

import ast
import io
import math
import re
import tokenize
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.errors import ReportError, did_you_mean
from analysis.reporting.cells import read_notebook, source_of, tagged

Value = int | float | str | bool
TYPES: dict[str, type] = {"int": int, "float": float, "str": str, "bool": bool}
WORDS_FOR_BOOL = {"true": True, "false": False, "yes": True, "no": False, "1": True, "0": False}
_NUMBER = r"-?\d+(?:\.\d+)?"
_RANGE = re.compile(rf"\(between ({_NUMBER}) and ({_NUMBER})\)")


@dataclass(frozen=True)
class Parameter:
    """One line of the `parameters` cell.

    Attributes
    ----------
    name
        As in the notebook and in ``--set name=value``.
    type
        ``int``, ``float``, ``str`` or ``bool``; of a choice, the type of its values.
    choices
        Allowed values, empty when any value of the type will do.
    minimum, maximum
        Range stated in the help as ``(between 0.5 and 0.999)``, both inclusive; None without a range.
    default
        Value when nothing is set.
    help
        The comment behind the line.
    """

    name: str
    type: str
    choices: tuple[Value, ...]
    minimum: float | None
    maximum: float | None
    default: Value
    help: str


def read_parameters(notebook_path: Path) -> tuple[Parameter, ...]:
    """Read the parameters that a notebook declares.

    Parameters
    ----------
    notebook_path
        The notebook; one of its cells is tagged `parameters`.

    Returns
    -------
    tuple of Parameter
        In the order of the cell, `language` included.

    Raises
    ------
    ReportError
        When there is not exactly one such cell, when a line is not ``name: type = default  # help``, when a default
        does not fit its own type or range, or when `language` is missing.
    """
    cells = tagged(read_notebook(notebook_path), "parameters")
    if len(cells) != 1:
        raise ReportError(
            f"{notebook_path.name} has {len(cells)} cells tagged 'parameters'; it needs exactly one, "
            'with at least the line: language: Literal["nl", "en"] = "nl"  # Language of the report'
        )
    source = source_of(cells[0])
    try:
        statements, comments = ast.parse(source).body, _comments(source)
    except (SyntaxError, tokenize.TokenError) as error:
        raise ReportError(f"The parameters cell of {notebook_path.name} is not valid Python: {error}.") from error
    declared = [node for node in statements if not _is_typing_import(node)]
    parameters = tuple(_parameter(node, comments, notebook_path.name) for node in declared)
    if "language" not in {parameter.name for parameter in parameters}:
        raise ReportError(
            f"The parameters cell of {notebook_path.name} has no language. Add the line: "
            'language: Literal["nl", "en"] = "nl"  # Language of the report'
        )
    return parameters


def validate(parameters: Sequence[Parameter], given: Mapping[str, Any]) -> dict[str, Value]:
    """Complete and check what was asked for; text is converted to the type of its parameter.

    Parameters
    ----------
    parameters
        What the notebook declares.
    given
        Values by name: text from the command line, or values from `reports.yaml`.

    Returns
    -------
    dict
        A value for each parameter in the order of the notebook, without `language`, which is chosen apart.

    Raises
    ------
    ReportError
        When a name does not exist or a value is of the wrong type, no choice, or out of range.
    """
    settable = {parameter.name: parameter for parameter in parameters if parameter.name != "language"}
    for name in given:
        if name == "language":
            raise ReportError("The language is not set with --set: use --language nl or --language en.")
        if name not in settable:
            advice = did_you_mean(name, settable) if settable else "This topic has no parameters to set."
            raise ReportError(f"There is no parameter {name!r}. {advice}")
    return {
        name: convert(parameter, given[name]) if name in given else parameter.default
        for name, parameter in settable.items()
    }


def convert(parameter: Parameter, value: Any) -> Value:
    """Turn one given value into a value of the parameter's type that is allowed.

    Parameters
    ----------
    parameter
        What the notebook declares.
    value
        Text, or a value that already has a type.

    Returns
    -------
    int, float, str or bool
        The value to run with.

    Raises
    ------
    ReportError
        When the value is of another type, not among the choices, or out of range.
    """
    converted = _of_type(parameter, value)
    if parameter.choices and converted not in parameter.choices:
        advice = did_you_mean(str(value), map(str, parameter.choices))
        raise ReportError(f"{parameter.name}={value} is not a choice. {advice}")
    low, high = parameter.minimum, parameter.maximum
    if low is not None and high is not None and not low <= float(converted) <= high:
        nearest = low if float(converted) < low else high
        raise ReportError(
            f"{parameter.name}={value} is out of range: it must lie between {low:g} and {high:g}. "
            f"The nearest allowed value is {nearest:g}."
        )
    return converted


def differing(parameters: Sequence[Parameter], values: Mapping[str, Value]) -> dict[str, Value]:
    """Keep the values that differ from the defaults of the notebook.

    Parameters
    ----------
    parameters
        What the notebook declares.
    values
        Validated values.

    Returns
    -------
    dict
        In the order of the notebook; empty for the report as stored.
    """
    defaults = {parameter.name: parameter.default for parameter in parameters}
    return {name: value for name, value in values.items() if value != defaults[name]}


def _comments(source: str) -> dict[int, str]:
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {token.start[0]: token.string.lstrip("#").strip() for token in tokens if token.type == tokenize.COMMENT}


def _is_typing_import(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "typing"


def _parameter(node: ast.stmt, comments: Mapping[int, str], notebook: str) -> Parameter:
    if not (isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None):
        raise ReportError(
            f"Line {node.lineno} of the parameters cell of {notebook} is not of the form "
            "`name: type = default  # help`. Move other code to the next cell."
        )
    lines = range(node.lineno, (node.end_lineno or node.lineno) + 1)
    name, text = node.target.id, next((comments[line] for line in lines if line in comments), "")
    kind, choices = _annotation(node.annotation, name, notebook)
    low, high = _range(text)
    if low is not None and kind not in ("int", "float"):
        raise ReportError(f"Parameter {name!r} of {notebook} states a range, but it is a {kind}. Make it int or float.")
    try:
        default = ast.literal_eval(node.value)
        draft = Parameter(name, kind, choices, low, high, default, text)
        return Parameter(name, kind, choices, low, high, convert(draft, _not_text(draft, default)), text)
    except ValueError as error:
        raise ReportError(f"The default of {name!r} in {notebook} is not a plain value.") from error
    except ReportError as error:
        raise ReportError(f"The default of a parameter of {notebook} does not fit: {error}") from error


def _annotation(node: ast.expr, name: str, notebook: str) -> tuple[str, tuple[Value, ...]]:
    if isinstance(node, ast.Name) and node.id in TYPES:
        return node.id, ()
    if isinstance(node, ast.Subscript) and ast.unparse(node.value) in ("Literal", "typing.Literal"):
        values = ast.literal_eval(node.slice)
        choices = values if isinstance(values, tuple) else (values,)
        kinds = {type(choice).__name__ for choice in choices}
        if len(kinds) == 1 and kinds <= set(TYPES):
            return kinds.pop(), choices
    raise ReportError(
        f"Parameter {name!r} of {notebook} has the type {ast.unparse(node)}. "
        "Use int, float, str, bool, or Literal with values of one of these types."
    )


def _range(text: str) -> tuple[float | None, float | None]:
    found = _RANGE.search(text)
    return (float(found[1]), float(found[2])) if found else (None, None)


def _not_text(parameter: Parameter, default: Any) -> Any:
    """Refuse a default like "5" for an int: only text from outside is converted."""
    if isinstance(default, str) and parameter.type != "str":
        raise ReportError(f"{parameter.name}={default!r} is text, and the parameter is a {parameter.type}.")
    return default


def _of_type(parameter: Parameter, value: Any) -> Value:
    converted = (
        _from_text(parameter.type, value.strip()) if isinstance(value, str) else _from_value(parameter.type, value)
    )
    if converted is None:
        wanted = {"int": "a whole number", "float": "a number", "bool": "true or false", "str": "text"}[parameter.type]
        comma = (
            " Write a decimal point." if isinstance(value, str) and re.fullmatch(r"-?\d+,\d+", value.strip()) else ""
        )
        example = f"{parameter.name}={as_text(parameter.default)}"
        raise ReportError(f"{parameter.name}={value} is not {wanted}.{comma} For example: {example}.")
    return converted


def _from_text(kind: str, text: str) -> Value | None:
    if kind == "str":
        return text
    if kind == "bool":
        return WORDS_FOR_BOOL.get(text.lower())
    if kind == "int":
        return int(text) if re.fullmatch(r"[+-]?\d+", text) else None
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and "_" not in text else None


def _from_value(kind: str, value: Any) -> Value | None:
    if kind == "float" and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value) if math.isfinite(value) else None
    fits = isinstance(value, int | float | str) and type(value) is TYPES[kind]
    return value if fits else None


def as_text(value: Value) -> str:
    """Write a value as it is typed behind ``--set name=``.

    Parameters
    ----------
    value
        Value of a parameter.

    Returns
    -------
    str
        ``true`` for True, otherwise the value itself.

    Examples
    --------
    >>> as_text(True), as_text(0.95)
    ('true', '0.95')
    """
    return str(value).lower() if isinstance(value, bool) else str(value)
