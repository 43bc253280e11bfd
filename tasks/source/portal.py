"""The portal: every request to the City's SODA API, strict about what counts as an answer.

sodapy writes the requests; its reading of answers is not used, because it hides the status of odd errors and
takes any JSON for rows. What an answer means for the warehouse is not known here. Mirrors
https://dev.socrata.com/docs/endpoints and https://dev.socrata.com/docs/response-codes.
"""

import json
import logging
import re
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode, urljoin, urlsplit

import orjson
import requests
import sodapy
from pydantic import SecretStr
from requests.adapters import HTTPAdapter
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_delay
from tenacity.wait import wait_exponential_jitter
from urllib3.connection import HTTPConnection
from urllib3.util.retry import Retry

from tasks import silence
from tasks.datasets import DatasetProfile, SourceState
from tasks.errors import SourceError
from tasks.masked import keep_secret, masked
from tasks.source import soql
from tasks.source.fingerprint import Fingerprint, Fingerprints, Period
from tasks.source.threads import Gate, RunThreads

log = logging.getLogger(__name__)

Row = dict[str, Any]

CONNECT_TIMEOUT_SECONDS = 10
FIRST_WAIT_SECONDS = 0.5
MAX_WAIT_SECONDS = 20
# Threads that were turned away together must not come back together.
JITTER_SECONDS = 1
# 202: not ready yet; 429: slow down; 408 and 5xx: the portal's fault. All other statuses are final.
_PASSING_STATUSES = frozenset({202, 408, 429})
_NOT_HERE = frozenset({404, 410})
# A query travels in the address; servers commonly refuse more than 8 KiB, and an id takes 28 bytes of it.
IDS_OF_ONE_REQUEST = 200
# Rows of that many ids: each has one, but for errors.
MAX_ROWS_OF_KEYS = 10_000
# A window's count beside its page, or its next page beside its count.
REQUESTS_OF_ONE_WINDOW = 2
# No network of this machine or its neighbourhood takes so long, and every other one does.
FAR_SECONDS = 0.05
# Days of more than a century.
MAX_PERIODS = 50_000
WORDS_SHOWN_OF_AN_ANSWER = 200
MAX_RETRY_AFTER_SECONDS = 24 * 3600
_MAX_CHARACTER_BYTES = 4
# A year that Python and PostgreSQL do not reach, as ISO 8601 writes it, with its sign or without.
_LONG_YEAR = re.compile(r"\+?\d{5,}-")


class PageFailedError(SourceError):
    """One answer was not what was asked for, and asking again may help."""

    def __init__(self, message: str, wait_seconds: float | None = None) -> None:
        super().__init__(message)
        self.wait_seconds = wait_seconds


class RefusedError(SourceError):
    """The portal refused the request; asking again does not help."""


@dataclass(frozen=True)
class PortalOptions:
    """How to talk to the portal. windows_in_flight: of a process, each with at most two requests at a time."""

    url: str
    app_token: SecretStr | None
    page_rows: int
    timeout_seconds: float
    patience_seconds: float
    windows_in_flight: int = 4


@dataclass(frozen=True)
class Answer:
    """The rows of one answer, and the headers that say which fields and which state of the source they have."""

    rows: list[Row]
    fields: dict[str, str]
    last_modified: str | None


class _Adapter(HTTPAdapter):
    """requests' adapter with sockets that notice when the network went dark."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        # Options that are given replace urllib3's own.
        options = [*HTTPConnection.default_socket_options, *silence.socket_options()]
        super().init_poolmanager(*args, socket_options=options, **kwargs)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        options = [*HTTPConnection.default_socket_options, *silence.socket_options()]
        return super().proxy_manager_for(proxy, socket_options=options, **kwargs)


class _StrictSocrata(sodapy.Socrata):  # type: ignore[misc]
    """sodapy's requests over our reading of answers."""

    def __init__(self, options: PortalOptions) -> None:
        parts = urlsplit(options.url)
        adapter = {"prefix": f"{parts.scheme}://", "adapter": _Adapter(pool_maxsize=32)}
        # Without a token sodapy logs a warning through the root logger; the run has a warning of its own.
        super().__init__(parts.netloc, "none", session_adapter=adapter, timeout=options.timeout_seconds)
        del self.session.headers["X-App-token"]
        if options.app_token is not None:
            token = options.app_token.get_secret_value()
            self.session.headers["X-App-Token"] = token
            keep_secret(token)
        self.session.headers["Accept"] = "application/json"
        # Without this, requests would send what ~/.netrc has for the host.
        self.session.auth = _no_credentials
        self.options = options
        self.gate = Gate(REQUESTS_OF_ONE_WINDOW * options.windows_in_flight)
        # Of the quickest answer so far; threads that write it at once leave one of theirs, which is as good.
        self.quickest_seconds = float("inf")

    def _perform_request(self, request_type: str, resource: str, **kwargs: Any) -> Answer:
        """Send one request, repeat it where that may help, and return a checked answer."""
        url = f"{self.uri_prefix}{self.domain}{resource}"
        waits = Retrying(
            retry=retry_if_exception_type(PageFailedError),
            stop=stop_after_delay(self.options.patience_seconds),
            wait=self._wait,
            before_sleep=_say_that_we_wait,
            reraise=True,
        )
        answer: Answer = waits(self._send, request_type, url, kwargs)
        return answer

    def _wait(self, state: RetryCallState) -> float:
        """Return the seconds to wait: at least our own wait, and never less than the portal asks for."""
        error = state.outcome.exception() if state.outcome else None
        asked = error.wait_seconds if isinstance(error, PageFailedError) else None
        left = max(self.options.patience_seconds - (state.seconds_since_start or 0), 0)
        if asked is not None and asked > left:
            raise SourceError(
                f"{error}; it asks to wait {asked:.0f} s, and {left:.0f} s of PORTAL_PATIENCE_SECONDS are left"
            ) from error
        growing = wait_exponential_jitter(
            multiplier=FIRST_WAIT_SECONDS, max=MAX_WAIT_SECONDS, jitter=JITTER_SECONDS
        )
        return max(asked or 0.0, min(float(growing(state)), left))

    def _send(self, request_type: str, url: str, kwargs: dict[str, Any]) -> Answer:
        request = f"{url}?{urlencode(kwargs.get('params') or {})}"
        try:
            # No redirects: the token would travel to any other host.
            with self.gate:
                response = self.session.request(
                    request_type,
                    url,
                    timeout=(CONNECT_TIMEOUT_SECONDS, self.timeout),
                    allow_redirects=False,
                    **kwargs,
                )
        except requests.RequestException as error:
            raise PageFailedError(f"{_network_problem(error)} ({request})") from error
        _check_status(response, request)
        self.quickest_seconds = min(self.quickest_seconds, response.elapsed.total_seconds())
        modified = response.headers.get("Last-Modified")
        # It is stored in the ledger.
        return Answer(
            _rows_of(response, request), _fields_of(response), None if modified is None else masked(modified)
        )


def _no_credentials(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


class Portal:
    """One dataset of crimes at the portal, and the small lists beside it. Safe for use by several threads."""

    def __init__(self, options: PortalOptions, profile: DatasetProfile) -> None:
        self.options = options
        self.profile = profile
        self._client = _StrictSocrata(options)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def allow_windows(self, in_flight: int) -> None:
        """Let through as many requests at a time as this many windows make; a run may ask for another number."""
        self._client.gate.set_limit(REQUESTS_OF_ONE_WINDOW * in_flight)

    @property
    def is_far(self) -> bool:
        """Whether even the quickest answer so far was one that is worth to do something else meanwhile."""
        return self._client.quickest_seconds >= FAR_SECONDS

    def fetch_state(self, latest_stamp: datetime | None = None) -> SourceState:
        """Ask the source for its state: one row of aggregates over the whole dataset.

        latest_stamp: an instant; a newer `:updated_at` is an error and counts for nothing. None: all count.
        """
        occurrence = self.profile.occurrence
        answer = self._fetch(
            select=f"count(*) as row_count, max({self.profile.updated}) as newest_update, "
            f"min({occurrence}) as oldest_occurrence, max({occurrence}) as newest_occurrence"
        )
        row = _only_row(answer)
        newest, ahead = _to_instant(row.get("newest_update")), 0
        if latest_stamp is not None and newest is not None and newest > latest_stamp:
            newest, ahead = self._fetch_stamps_until(latest_stamp)
        return SourceState(
            last_modified=answer.last_modified,
            row_count=_to_count(row.get("row_count")),
            newest_update=newest,
            oldest_occurrence=_to_wall_clock(row.get("oldest_occurrence"), datetime.min),
            newest_occurrence=_to_wall_clock(row.get("newest_occurrence"), datetime.max),
            stamps_ahead=ahead,
        )

    def _fetch_stamps_until(self, latest: datetime) -> tuple[datetime | None, int]:
        """Ask for the newest stamp that is no newer than an instant, and how many rows have a newer one."""
        updated = self.profile.updated
        answer = self._fetch(
            select=f"max({updated}) as newest_update", where=soql.stamped_until(self.profile, latest)
        )
        newest = _to_instant(_only_row(answer).get("newest_update"))
        return newest, self.fetch_count(soql.stamped_after(self.profile, latest))

    def fetch_count(self, where: str | None) -> int:
        """Ask the source how many rows a filter selects."""
        return _to_count(_only_row(self._fetch(select="count(*) as row_count", where=where)).get("row_count"))

    def fetch_fingerprints(self, period: Period, where: str | None = None) -> Fingerprints:
        """Ask the source for the fingerprint of each month or day of occurrence of the rows that a filter selects."""
        select, group = soql.fingerprints(self.profile, period)
        answer = self._fetch(select=select, group=group, where=where, limit=MAX_PERIODS)
        if len(answer.rows) == MAX_PERIODS:
            raise SourceError(
                f"{self.profile.dataset} has {MAX_PERIODS} {period}s or more, which it cannot have"
            )
        found: dict[date | None, Fingerprint] = {}
        for row in answer.rows:
            moment = _to_wall_clock(row.get("period"), datetime.min)
            key = None if moment is None or moment == datetime.min else moment.date()
            fingerprint = Fingerprint(
                _to_count(row.get("row_count")),
                _to_sum(row.get("keys")),
                _to_instant(row.get("newest")),
                _to_sum(row.get("stamps")),
            )
            found[key] = found[key].with_rows_of(fingerprint) if key in found else fingerprint
        return found

    def fetch_pages(
        self,
        where: str | None,
        select: str,
        counted: Callable[[], int] | None = None,
        page_rows: int | None = None,
    ) -> Generator[Answer, None, None]:
        """Yield the pages of a filter, in order of the row id; `select` has to contain the id.

        Paged by key, not by offset: the next page is what comes after the last id, so that equal stamps, and rows
        that come and go between two pages, cannot shift it. counted: gives how many rows there are, so that a page that
        the server cut short is not taken for the last one. page_rows: another length of a page than usual.
        """
        key, limit = self.profile.key, page_rows or self.options.page_rows

        def fetch(after: str | None) -> Answer:
            page_where = soql.both(where, None if after is None else soql.after_key(self.profile, after))
            return self._fetch(select=select, where=page_where, order=key, limit=limit)

        last_ids: set[str] = set()
        answer, rows, is_cut_short = fetch(None), 0, False
        # The next page is fetched while the caller works on this one.
        with RunThreads(1, thread_name_prefix="page") as pool:
            while True:
                ids = [row.get(key) for row in answer.rows]
                if any(not isinstance(row_id, str) for row_id in ids):
                    raise SourceError(f"a row without {key} was sent for: {where or 'all rows'}")
                rows += len(ids)
                if not ids or (len(ids) < limit and (counted is None or rows >= counted())):
                    yield answer
                    return
                after = str(ids[-1])
                if after in last_ids and is_cut_short:
                    # There is no more: what is missing is missing.
                    return
                if after in last_ids:
                    raise SourceError(f"pages do not move on after {key} {after} for: {where or 'all rows'}")
                last_ids.add(after)
                is_cut_short = len(ids) < limit
                following = pool.submit(fetch, after)
                yield answer
                answer = following.result()

    def fetch_rows_of(self, keys: Sequence[str], select: str) -> list[Row]:
        """Return all rows of some row ids, of which each may have several."""
        where = soql.one_of_keys(self.profile, keys)
        return self._fetch(select=select, where=where, order=self.profile.key, limit=MAX_ROWS_OF_KEYS).rows

    def fetch_list(self, dataset: str, order: str) -> Answer:
        """Return all rows of a small list (stations, wards, codes), fields as text, nulls left out."""
        limit = self.options.page_rows
        with RunThreads(1, thread_name_prefix="count") as pool:
            counted = pool.submit(self._get, dataset, select="count(*) as row_count")
            answer = self._get(dataset, order=order, limit=limit)
        if len(answer.rows) == limit:
            raise SourceError(f"list {dataset} has {limit} rows or more, which it cannot have")
        count = _to_count(_only_row(counted.result()).get("row_count"))
        if len(answer.rows) != count:
            raise SourceError(
                f"list {dataset} came with {len(answer.rows)} rows where the source counts {count}"
            )
        return answer

    def _fetch(self, **clauses: Any) -> Answer:
        return self._get(self.profile.dataset, **clauses)

    def _get(self, dataset: str, **clauses: Any) -> Answer:
        clauses.setdefault("limit", 1)
        get: Callable[..., Answer] = self._client.get
        return get(dataset, **clauses)


def _check_status(response: requests.Response, request: str) -> None:
    status = response.status_code
    if status == requests.codes.ok:
        return
    said = f"HTTP {status} {response.reason or ''}".strip() + f": {_words_of(response)} ({request})"
    if status in _PASSING_STATUSES or status >= 500:
        raise PageFailedError(said, _retry_after_seconds(response))
    raise RefusedError(said + _where_it_went(response))


def _where_it_went(response: requests.Response) -> str:
    """Return what a person does about a dataset that is not where it was; nothing for other refusals."""
    asked = urlsplit(response.url or "")
    new_id = "if it has another id, mend it in tasks/datasets.py"
    if response.status_code in _NOT_HERE:
        page = f"{asked.scheme}://{asked.netloc}/d/{asked.path.rpartition('/')[2].removesuffix('.json')}"
        return f". Look at {page}: if the portal has another address now, set PORTAL_URL; {new_id}"
    if not 300 <= response.status_code < 400:
        return ""
    location = response.headers.get("Location")
    there = urlsplit(urljoin(response.url or "", location or ""))
    # Without the query, which is ours.
    target = masked(f"{there.scheme}://{there.netloc}{there.path}")[:WORDS_SHOWN_OF_AN_ANSWER]
    sent = f". It sends us to {target if location else 'nowhere'}: we do not follow, since the token would go along; "
    if there.netloc != asked.netloc:
        return f"{sent}if that is the City's, set PORTAL_URL={masked(f'{there.scheme}://{there.netloc}')}"
    return f"{sent}look at the dataset's page there; {new_id}"


def _rows_of(response: requests.Response, request: str) -> list[Row]:
    content_type = response.headers.get("Content-Type", "")
    if "json" not in content_type.lower():
        kind = content_type or "no content type"
        raise PageFailedError(
            f"HTTP 200 with {kind} where JSON rows were asked for: {_words_of(response)} ({request})"
        )
    try:
        rows = _parse(response.content)
    except ValueError as error:
        raise PageFailedError(f"HTTP 200 with a broken body: {error} ({request})") from error
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise PageFailedError(f"HTTP 200 without a list of rows: {_words_of(response)} ({request})")
    return rows


def _parse(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        pass
    try:
        # The standard parser also takes half surrogates, which then are one bad row instead of a bad page.
        return json.loads(body)
    except RecursionError:
        raise ValueError("it is nested too deep") from None


def _fields_of(response: requests.Response) -> dict[str, str]:
    """Return the SODA type of each field as the headers state it; nothing where they state none."""
    try:
        names = json.loads(response.headers.get("X-SODA2-Fields", "[]"))
        types = json.loads(response.headers.get("X-SODA2-Types", "[]"))
    except ValueError:
        return {}
    if not isinstance(names, list) or not isinstance(types, list):
        return {}
    if len(types) != len(names):
        types = [""] * len(names)
    return {str(name): str(type_) for name, type_ in zip(names, types, strict=True)}


def _words_of(response: requests.Response) -> str:
    """Return what the answer says, shortened, on one line; masked before that, because half a token is not masked."""
    try:
        body = _parse(response.content)
    except ValueError:
        body = None
    message = body.get("message") if isinstance(body, dict) else None
    start = response.content[: 2 * _MAX_CHARACTER_BYTES * WORDS_SHOWN_OF_AN_ANSWER]
    words = " ".join(str(message or start.decode("utf-8", "replace")).split())
    return masked(words)[:WORDS_SHOWN_OF_AN_ANSWER] or "no body"


def _retry_after_seconds(response: requests.Response) -> float | None:
    value = response.headers.get("Retry-After")
    if not value:
        return None
    try:
        seconds = Retry().parse_retry_after(value)
    except Exception:  # noqa: BLE001 - a header that is neither seconds nor a date counts as absent
        return None
    return float(min(seconds, MAX_RETRY_AFTER_SECONDS))


def _network_problem(error: requests.RequestException) -> str:
    cause = error.args[0] if error.args else error
    # urllib3 wraps the reason in words that repeat the whole address.
    reason = str(getattr(cause, "reason", None) or cause)
    return f"the portal did not answer: {type(error).__name__}: {masked(reason)[:WORDS_SHOWN_OF_AN_ANSWER]}"


def _say_that_we_wait(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    log.warning("attempt=%d wait_s=%.1f cause=%s", state.attempt_number, state.upcoming_sleep, error)


def _only_row(answer: Answer) -> Row:
    if len(answer.rows) != 1:
        raise SourceError(f"asked for one row of totals, and {len(answer.rows)} came")
    return answer.rows[0]


def _to_count(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        raise SourceError(f"the source's count is not a number: {value!r}") from None


def _to_sum(value: Any) -> int:
    """Return a sum of whole numbers; the source leaves out a sum of no values, which is 0."""
    if value is None:
        return 0
    try:
        total = Decimal(str(value))
        whole = int(total)
    except (ArithmeticError, ValueError):
        raise SourceError(f"the source's sum is not a number: {value!r}") from None
    if whole != total:
        raise SourceError(f"the source's sum is not a whole number: {value!r}")
    return whole


def _to_instant(value: Any) -> datetime | None:
    if value is not None and _LONG_YEAR.match(str(value)) and str(value).endswith("Z"):
        return datetime.max.replace(tzinfo=UTC)
    moment = _to_datetime(value)
    if moment is not None and moment.tzinfo is None:
        raise SourceError(f"the source's newest stamp has no zone: {value!r}")
    return moment


def _to_wall_clock(value: Any, otherwise: datetime) -> datetime | None:
    """Return a wall clock; `otherwise` for what is none, of which one row in millions is enough.

    The source's type allows years that no calendar has, and whoever types a date allows more.
    """
    try:
        moment = _to_datetime(value)
    except SourceError:
        return otherwise
    return None if moment is None else moment.replace(tzinfo=None)


def _to_datetime(value: Any) -> datetime | None:
    if value is None:
        return None
    try:
        return datetime.fromisoformat(str(value))
    except ValueError:
        raise SourceError(f"the source sent {value!r} where a time belongs") from None
