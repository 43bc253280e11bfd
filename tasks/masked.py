"""The one way out for words: what is said by an error, in the log or on the terminal has no secret in it.

Whatever the portal answers may repeat the token, in words, counts, stamps and headers. So it is not looked for where an
answer is quoted, but where words leave: the message of each error of this project, each record of any log, each line
that is printed. What stands in the ledger, in Prefect and in an artifact is made of these.
"""

import json
import logging
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import quote

MASK: Final = "***"
# Longest first, so that a secret within another leaves nothing of it.
_secrets: list[str] = []
_make_record: Callable[..., logging.LogRecord] = logging.getLogRecordFactory()


def keep_secret(secret: str) -> None:
    """Let no word that is said from now on have this in it, in any of the ways in which it may be quoted."""
    written = {secret, repr(secret)[1:-1], json.dumps(secret)[1:-1], quote(secret, safe="")} - {""}
    _secrets[:] = sorted({*_secrets, *written}, key=len, reverse=True)
    if logging.getLogRecordFactory() is not _make_masked_record:
        logging.setLogRecordFactory(_make_masked_record)


def forget_secrets() -> None:
    """Mask nothing any more: whoever held the secrets has closed."""
    _secrets.clear()


def masked(text: str) -> str:
    """Return a text without secrets."""
    for secret in _secrets:
        text = text.replace(secret, MASK)
    return text


def _make_masked_record(*values: Any, **named: Any) -> logging.LogRecord:
    record = _make_record(*values, **named)
    if _secrets:
        said = record.getMessage()
        if masked(said) != said:
            record.msg, record.args = masked(said), ()
        if record.exc_info and record.exc_info[0] is not None:
            # A formatter takes a text that is there for the traceback.
            record.exc_text = masked(logging.Formatter().formatException(record.exc_info))
    return record
