"""How the SQL files are taken apart, against a lexer of SQL: https://sqlparse.readthedocs.io."""

import pytest
import sqlparse

from tasks.warehouse.sql_files import SQL_FOLDER, statements

NAMES = [
    path.relative_to(SQL_FOLDER).with_suffix("").as_posix()
    for folder in ("checks", "counts", "dashboard", "export", "load")
    for path in sorted((SQL_FOLDER / folder).glob("*.sql"))
]


def plain(statement):
    without = sqlparse.format(statement, strip_comments=True)
    return " ".join(without.rstrip(";").split())


@pytest.mark.parametrize("name", NAMES)
def test_a_file_is_taken_apart_where_a_lexer_says(name):
    content = (SQL_FOLDER / f"{name}.sql").read_text(encoding="utf-8")
    expected = [plain(found) for found in sqlparse.split(sqlparse.format(content, strip_comments=True))]
    assert [plain(str(found)) for found in statements(name)] == [found for found in expected if found]
