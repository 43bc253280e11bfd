"""Settings: what a person may set, where it is read from, and what is refused before anything starts."""

import pytest

from tasks.errors import ConfigError
from tasks.settings import Settings, read_settings

SECRET = "tok3n-that-nobody-may-see"


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch):
    """Take away whatever this machine has set, and name no .env."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("ENV_FILE", "")


@pytest.fixture
def env_file(monkeypatch, tmp_path):
    """Give a function that writes an .env file, which is read from then on."""

    def write(content):
        path = tmp_path / "settings.env"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        monkeypatch.setenv("ENV_FILE", str(path))
        return path

    return write


def refusal(monkeypatch, **names):
    """Return what is said of settings that are refused."""
    for name, value in names.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError) as caught:
        read_settings()
    assert ".env" in str(caught.value)
    assert caught.value.__cause__ is None
    return str(caught.value)


def test_nothing_needs_to_be_set():
    settings = read_settings()
    assert settings.uses_local_warehouse
    assert settings.model_dump() == {
        "app_token": None,
        "db_username": None,
        "db_password": None,
        "db_role": None,
        "server_name": None,
        "database_name": "chicago_crime",
        "port": 5432,
        "db_sslmode": "prefer",
        "db_ca_file": None,
        "db_iam_login": False,
        "portal_url": "https://data.cityofchicago.org",
        "crimes_dataset": "x2n5-8w5q",
        "window_days": None,
        "max_concurrency": None,
        "overlap_minutes": 180,
        "max_incremental_rows": 50000,
        "census_months": 6,
        "content_days": 28,
        "dashboard_url": None,
        "log_format": "text",
        "max_reject_share": 0.01,
        "max_retire_share": 0.05,
        "freshness_days": 4,
        "ledger_days": 400,
        "stamp_margin_days": 1,
        "analyst_role": None,
        "warehouse_block": None,
        "settings_block": None,
        "settings_file": "settings/run.env",
        "database_secret_block": None,
        "app_token_secret_block": None,
        "require_server": False,
        "portal_page_rows": 50000,
        "portal_timeout_seconds": 60,
        "portal_patience_seconds": 75,
    }


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("APP_TOKEN", "abc123", "abc123"),
        ("DB_USERNAME", "loader", "loader"),
        ("DB_PASSWORD", "p w!'\"", "p w!'\""),
        ("SERVER_NAME", "db.example.org", "db.example.org"),
        ("DATABASE_NAME", "crime", "crime"),
        ("PORT", "6543", 6543),
    ],
)
def test_each_of_the_users_six_names_is_read(monkeypatch, name, value, expected):
    monkeypatch.setenv("DB_USERNAME", "loader")
    monkeypatch.setenv(name, value)
    read = getattr(read_settings(), name.lower())
    assert (read.get_secret_value() if hasattr(read, "get_secret_value") else read) == expected


@pytest.mark.parametrize("name", [name.upper() for name in Settings.model_fields])
@pytest.mark.parametrize("blank", ["", "  "])
def test_an_empty_value_is_not_set(monkeypatch, name, blank):
    monkeypatch.setenv(name, blank)
    assert read_settings() == Settings(_env_file=None)


def test_spaces_and_line_ends_around_a_value_are_no_part_of_it(monkeypatch):
    """Secrets come with the end of the line that they were stored on; a header or a host cannot have it."""
    monkeypatch.setenv("APP_TOKEN", f" {SECRET}\n")
    monkeypatch.setenv("DB_PASSWORD", " begins with a space\r\n")
    monkeypatch.setenv("PORTAL_URL", "https://data.example.org/ ")
    settings = read_settings()
    assert settings.app_token.get_secret_value() == SECRET
    assert settings.db_password.get_secret_value() == " begins with a space"
    assert settings.portal_url == "https://data.example.org"


@pytest.mark.parametrize("name", ["APP_TOKEN", "DB_PASSWORD"])
def test_a_secret_is_in_no_text_of_the_settings(monkeypatch, name):
    monkeypatch.setenv(name, SECRET)
    settings = read_settings()
    for text in (repr(settings), str(settings), str(settings.model_dump()), settings.model_dump_json()):
        assert SECRET not in text


@pytest.mark.parametrize(
    "token", [f"{SECRET} {SECRET}", f"{SECRET}\n{SECRET}", f"{SECRET}\x7f", f"{SECRET}é"]
)
def test_a_token_that_no_header_can_carry_is_refused_without_showing_it(monkeypatch, token):
    message = refusal(monkeypatch, APP_TOKEN=token)
    assert message.startswith("APP_TOKEN: ")
    assert SECRET not in message


def test_a_secret_is_in_no_error_of_another_setting(monkeypatch):
    message = refusal(monkeypatch, APP_TOKEN=SECRET, DB_PASSWORD=SECRET, PORT="x", SERVER_NAME="db")
    assert SECRET not in message


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "0"),
        ("PORT", "65536"),
        ("PORT", "postgres"),
        ("WINDOW_DAYS", "0"),
        ("WINDOW_DAYS", "7.5"),
        ("MAX_CONCURRENCY", "-1"),
        ("OVERLAP_MINUTES", "-1"),
        ("OVERLAP_MINUTES", "9" * 20),
        ("MAX_INCREMENTAL_ROWS", "many"),
        ("MAX_REJECT_SHARE", "1.01"),
        ("MAX_REJECT_SHARE", "5%"),
        ("MAX_RETIRE_SHARE", "nan"),
        ("FRESHNESS_DAYS", "0"),
        ("FRESHNESS_DAYS", "inf"),
        ("PORTAL_PAGE_ROWS", "0"),
        ("PORTAL_TIMEOUT_SECONDS", "0"),
        ("PORTAL_PATIENCE_SECONDS", "inf"),
        ("DB_SSLMODE", "verify"),
        ("REQUIRE_SERVER", "perhaps"),
        ("ANALYST_ROLE", 'x"; drop table crimes; --'),
        ("ANALYST_ROLE", "Analyst"),
    ],
)
def test_a_wrong_value_is_refused_by_the_name_of_its_setting(monkeypatch, name, value):
    assert refusal(monkeypatch, **{name: value}).startswith(f"{name}: ")


def test_every_wrong_setting_is_named_at_once(monkeypatch):
    message = refusal(monkeypatch, PORT="x", WINDOW_DAYS="0", CRIMES_DATASET="abcd-efgh")
    assert all(name in message for name in ("PORT: ", "WINDOW_DAYS: ", "CRIMES_DATASET: "))


def test_an_unknown_dataset_is_refused_with_those_that_are_known(monkeypatch):
    message = refusal(monkeypatch, CRIMES_DATASET="ijzp-q8t9")
    assert "unknown dataset 'ijzp-q8t9'" in message
    assert "x2n5-8w5q" in message


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:8080", "http://localhost", "http://[::1]:80", "https://data.example.org", "HTTPS://h"],
)
def test_a_portal_is_https_or_on_loopback(monkeypatch, url):
    monkeypatch.setenv("PORTAL_URL", f"{url}/")
    assert read_settings().portal_url == url


@pytest.mark.parametrize(
    "url", ["http://data.cityofchicago.org", "http://127.0.0.1.example.org", "http://localhost.example.org"]
)
def test_http_to_another_host_would_send_the_token_in_clear(monkeypatch, url):
    assert "in clear" in refusal(monkeypatch, PORTAL_URL=url)


@pytest.mark.parametrize(
    "url",
    [
        "data.cityofchicago.org",
        "ftp://data.example.org",
        "https://",
        "https://data.example.org/resource/x2n5-8w5q.json",
        "https://data.example.org:port",
        "https://[bad",
    ],
)
def test_what_is_no_address_of_a_portal_is_refused(monkeypatch, url):
    assert refusal(monkeypatch, PORTAL_URL=url).startswith("PORTAL_URL: ")


@pytest.mark.parametrize(
    "url",
    [
        f"https://user:{SECRET}@data.example.org",
        f"https://user:{SECRET}@data.example.org/resource",
        f"http://{SECRET}@data.example.org",
        f"https://data.example.org?$$app_token={SECRET}",
        f"https://data.example.org/#{SECRET}",
    ],
)
def test_an_address_with_a_secret_in_it_is_refused_without_showing_it(monkeypatch, url):
    message = refusal(monkeypatch, PORTAL_URL=url)
    assert "APP_TOKEN" in message
    assert SECRET not in message


def test_a_server_needs_a_user(monkeypatch):
    assert "SERVER_NAME is set, but DB_USERNAME is not" in refusal(monkeypatch, SERVER_NAME="db.example.org")


def test_a_server_of_a_saved_block_needs_none(monkeypatch):
    monkeypatch.setenv("WAREHOUSE_BLOCK", "warehouse")
    assert not read_settings().uses_local_warehouse


def test_the_image_needs_a_server(monkeypatch):
    assert "SERVER_NAME" in refusal(monkeypatch, REQUIRE_SERVER="1")


def test_the_image_with_a_server_is_right(monkeypatch):
    for name, value in {"REQUIRE_SERVER": "1", "SERVER_NAME": "db", "DB_USERNAME": "loader"}.items():
        monkeypatch.setenv(name, value)
    assert not read_settings().uses_local_warehouse


def test_a_login_token_travels_in_tls_and_instead_of_a_password(monkeypatch):
    for name, value in {"SERVER_NAME": "db", "DB_USERNAME": "loader_iam", "DB_IAM_LOGIN": "1"}.items():
        monkeypatch.setenv(name, value)
    assert "DB_SSLMODE has to be verify-full" in refusal(monkeypatch)
    monkeypatch.setenv("DB_SSLMODE", "verify-full")
    assert read_settings().db_iam_login
    message = refusal(monkeypatch, DB_PASSWORD=SECRET)
    assert "with a token there is no password" in message
    assert SECRET not in message


def test_settings_are_read_from_the_file_that_env_file_names(env_file):
    env_file(
        f"APP_TOKEN={SECRET}\nWINDOW_DAYS=14\nPORT=\n# a remark\nNOT_OURS=1\nDB_PASSWORD='with # and space'\n"
    )
    settings = read_settings()
    assert settings.app_token.get_secret_value() == SECRET
    assert (settings.window_days, settings.port) == (14, 5432)
    assert settings.db_password.get_secret_value() == "with # and space"


def test_the_environment_is_stronger_than_the_file(env_file, monkeypatch):
    env_file("WINDOW_DAYS=14\nMAX_CONCURRENCY=2\n")
    monkeypatch.setenv("WINDOW_DAYS", "3")
    settings = read_settings()
    assert (settings.window_days, settings.max_concurrency) == (3, 2)


def test_an_empty_name_in_the_environment_leaves_the_file_its_word(env_file, monkeypatch):
    env_file("WINDOW_DAYS=14\n")
    monkeypatch.setenv("WINDOW_DAYS", "")
    assert read_settings().window_days == 14


def test_a_file_saved_with_a_byte_order_mark_is_read(env_file):
    env_file(b"\xef\xbb\xbfWINDOW_DAYS=14\n")
    assert read_settings().window_days == 14


def test_a_wrong_value_in_the_file_is_refused_by_the_name_of_its_setting(env_file, monkeypatch):
    env_file("PORT=postgres\n")
    assert refusal(monkeypatch).startswith("PORT: ")


def test_a_file_that_is_no_text_is_refused(env_file, monkeypatch):
    env_file(b"APP_TOKEN=\xff\xfe\n")
    assert "UTF-8" in refusal(monkeypatch)


def test_a_file_that_is_not_there_is_refused(monkeypatch, tmp_path):
    missing = tmp_path / "missing.env"
    assert str(missing) in refusal(monkeypatch, ENV_FILE=str(missing))


def test_settings_do_not_change_while_a_run_uses_them():
    with pytest.raises(ValueError, match="frozen"):
        read_settings().window_days = 14


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ('DATABASE_NAME="other\n', 1),
        ("WINDOW_DAYS=14\n\n# the database\nDATABASE_NAME='other\nPORT=5433\n", 4),
        ("WINDOW_DAYS=14\nDATABASE_NAME\n", 2),
        ("WINDOW_DAYS=14\n=other\n", 2),
    ],
)
def test_a_line_that_cannot_be_read_is_refused_by_its_number(env_file, monkeypatch, content, line):
    """Dropped, the default would take its place, and the run would fill another database."""
    env_file(content)
    said = refusal(monkeypatch)
    assert f", line {line}: it cannot be read" in said
    assert "other" not in said


def test_a_value_of_the_file_stands_for_itself(env_file, monkeypatch):
    """ECS hands the file over as it is: what looks like a variable is a part of the password."""
    monkeypatch.setenv("HOME", "/home/me")
    env_file("DB_PASSWORD='a${HOME}b'\nAPP_TOKEN=${HOME}\n")
    found = read_settings()
    assert found.db_password.get_secret_value() == "a${HOME}b"
    assert found.app_token.get_secret_value() == "${HOME}"
