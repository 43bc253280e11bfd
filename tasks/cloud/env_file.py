"""Files of settings, `NAME=value` a line: read strictly, and a value stands for itself.

A line that cannot be read is an error that names it: dropped, a default would take its place, and a run might fill
another database. Nothing is expanded: ECS hands such a file over as it is written, and so do we. Mirrors
https://saurabh-kumar.com/python-dotenv/.
"""

import io

from dotenv.parser import parse_stream

from tasks.errors import ConfigError


def read_env_file(content: bytes, name: str) -> dict[str, str]:
    """Return the values of a file by their names, in lower case.

    name: what to call the file in an error. Raises `ConfigError` naming file and line, and never the value.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigError(f"{name} is not UTF-8 text. Write it anew from .env.example.") from None
    values: dict[str, str] = {}
    for binding in parse_stream(io.StringIO(text)):
        if binding.error or (binding.key is not None and binding.value is None):
            raise ConfigError(
                f"{name}, line {_line_of(binding.original.string, binding.original.line)}: it cannot be read. Write it "
                "as NAME=value; a value in quotes ends with the same quote. Nothing was started."
            )
        if binding.key is not None and binding.value is not None:
            values[binding.key.lower()] = binding.value
    return values


def _line_of(binding: str, first: int) -> int:
    """Return the number of the line itself: the parser counts the blank ones before it in."""
    return first + len(binding) - len(binding.lstrip("\n\r"))
