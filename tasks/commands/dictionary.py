"""The data dictionary: every table, view, column and function with its COMMENT, as `docs/data-dictionary.md`.

Generated from a database, so that it cannot differ from the schema: `make dictionary` makes an empty one from
`sql/migrations/` and `sql/views/`, reads its catalogue and drops it. The diagrams are Mermaid
(https://mermaid.js.org/syntax/entityRelationshipDiagram.html).
"""

import os
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from psycopg import sql
from sqlalchemy import Connection, create_engine

from tasks import session
from tasks.local import services as local_services
from tasks.settings import PROJECT_FOLDER
from tasks.warehouse.migrations import migrate
from tasks.warehouse.sql_files import execute
from tasks.warehouse.views import deploy_views

DICTIONARY_FILE: Final = PROJECT_FOLDER / "docs" / "data-dictionary.md"

_HEAD: Final = """\
# Data dictionary

Generated from the database by `make dictionary`; change the comments in `sql/` and not this page.
Schema `chicago` is for analysts, schema `pipeline` for operators. A key is **bold**; "null" says that a value can be
missing, and the meaning says what that means. Instants are `timestamp with time zone`, Chicago wall clock has none.
"""

_LINES: Final = """\
A solid line is a foreign key. A dotted one is a value that is looked up: the crimes have no foreign keys, because
new codes reach them before they reach a list. A run retires rows to the history and puts rows into the quarantine.
"""

# What a column says of another table without a foreign key, and without the name of its key or in another schema.
_ALSO_REFERS: Final = (
    ("chicago", "crimes", "dates", "date_of_occurrence"),
    ("chicago", "crime_history", "crimes", "replaced_by"),
    ("chicago", "crime_history", "runs", "run_id"),
    ("pipeline", "rejected_rows", "runs", "last_run"),
)


@dataclass(frozen=True)
class Column:
    """One column; meaning is its COMMENT, or None where it has none."""

    name: str
    type_name: str
    is_required: bool
    is_key: bool
    meaning: str | None


@dataclass(frozen=True)
class Relation:
    """A table, view or materialized view, and its columns in order."""

    schema: str
    name: str
    kind: str
    meaning: str | None
    columns: tuple[Column, ...]

    @property
    def full_name(self) -> str:
        """Return the name with its schema."""
        return f"{self.schema}.{self.name}"


@dataclass(frozen=True)
class Catalogue:
    """All that the dictionary says. functions: (full name with arguments, result, COMMENT)."""

    relations: tuple[Relation, ...]
    functions: tuple[tuple[str, str, str | None], ...]
    references: tuple[tuple[str, str, str, str], ...]
    reads: tuple[tuple[str, str, str], ...]


def read_catalogue(connection: Connection) -> Catalogue:
    """Return the tables, views and functions of both schemas, by schema and name."""
    columns: dict[tuple[str, str], list[Column]] = defaultdict(list)
    for row in execute(connection, "checks/catalogue_columns"):
        columns[row.schema_name, row.relation_name].append(
            Column(row.column_name, row.type_name, row.is_required, row.is_key, row.meaning)
        )
    relations = tuple(
        Relation(
            row.schema_name,
            row.relation_name,
            row.kind,
            row.meaning,
            tuple(columns[row.schema_name, row.relation_name]),
        )
        for row in execute(connection, "checks/catalogue_relations")
    )
    functions = tuple(
        (f"{row.schema_name}.{row.function_name}({row.arguments})", row.result, row.meaning)
        for row in execute(connection, "checks/catalogue_functions")
    )
    references = tuple(
        (row.schema_name, row.table_name, row.referenced, row.column_name)
        for row in execute(connection, "checks/catalogue_references")
    )
    reads = tuple(
        (row.view_name, row.read_schema, row.relation_read)
        for row in execute(connection, "checks/catalogue_reads")
    )
    return Catalogue(relations, functions, references, reads)


def uncommented(catalogue: Catalogue) -> list[str]:
    """Return the full names of tables, views, columns and functions without a COMMENT."""
    silent = [relation.full_name for relation in catalogue.relations if not relation.meaning]
    silent += [
        f"{relation.full_name}.{column.name}"
        for relation in catalogue.relations
        for column in relation.columns
        if not column.meaning
    ]
    return silent + [name for name, _, meaning in catalogue.functions if not meaning]


def to_markdown(catalogue: Catalogue) -> str:
    """Return the dictionary as a page."""
    sections = [_HEAD, *_contents(catalogue), "## Tables and their keys\n", _entities(catalogue)]
    sections += [
        _LINES,
        "## What each view reads\n",
        _view_graph(catalogue),
    ]
    for schema in ("chicago", "pipeline"):
        sections.append(f"## Schema {schema}\n")
        sections += [_relation(relation) for relation in catalogue.relations if relation.schema == schema]
        sections += [
            f"### {name}\n\nFunction, returns `{result}`. {_cell(meaning)}\n"
            for name, result, meaning in catalogue.functions
            if name.startswith(f"{schema}.")
        ]
    return "\n".join(sections)


def _contents(catalogue: Catalogue) -> Iterator[str]:
    for title, schema, kinds in (
        ("Views that answer a question", "chicago", {"view", "materialized view"}),
        ("Tables of the record", "chicago", {"table"}),
        ("Tables of the pipeline", "pipeline", {"table"}),
    ):
        rows = "\n".join(
            f"| [{relation.name}](#{relation.schema}{relation.name}) | {_cell(_notes(relation.meaning)[0])} |"
            for relation in catalogue.relations
            if relation.schema == schema and relation.kind in kinds
        )
        yield f"| {title} | What it is |\n| --- | --- |\n{rows}\n"


def _entities(catalogue: Catalogue) -> str:
    lines = ["```mermaid", "erDiagram"]
    references = [*catalogue.references, *_ALSO_REFERS]
    for reference in references:
        schema, table, referenced, column = reference
        is_key = schema == "pipeline" and reference not in _ALSO_REFERS
        line = "}o--||" if is_key else "}o..o|"
        lines.append(f'    {table} {line} {referenced} : "{column}"')
    for relation in catalogue.relations:
        if relation.kind != "table":
            continue
        used = {column for _, table, _, column in references if table == relation.name}
        shown = [
            f"        {column.type_name.replace(' ', '_')} {column.name}{_key_mark(column, used)}"
            for column in relation.columns
            if column.is_key or column.name in used
        ]
        # Mermaid refuses an empty block.
        lines += [f"    {relation.name} {{", *shown, "    }"] if shown else [f"    {relation.name}"]
    return "\n".join([*lines, "```", ""])


def _key_mark(column: Column, used: Iterable[str]) -> str:
    marks = [mark for mark, holds in (("PK", column.is_key), ("FK", column.name in used)) if holds]
    return f" {', '.join(marks)}"


def _view_graph(catalogue: Catalogue) -> str:
    lines = ["```mermaid", "flowchart LR"]
    lines += [
        f"    {relation.name}[({relation.full_name})]"
        for relation in catalogue.relations
        if relation.kind == "table"
        and any((schema, name) == (relation.schema, relation.name) for _, schema, name in catalogue.reads)
    ]
    lines += [
        f"    {relation.name}[[{relation.name}]]"
        for relation in catalogue.relations
        if relation.kind == "materialized view"
    ]
    lines += [f"    {read} --> {view}" for view, _, read in catalogue.reads]
    return "\n".join([*lines, "```", "", "A double frame is a materialized view, refreshed by each run.", ""])


def _relation(relation: Relation) -> str:
    rows = "\n".join(
        f"| {f'**{column.name}**' if column.is_key else column.name} | {_short(column.type_name)} |"
        f" {_null(relation, column)} | {_cell(column.meaning)} |"
        for column in relation.columns
    )
    first, *notes = _notes(relation.meaning)
    head = f"### {relation.full_name}\n\n{relation.kind.capitalize()}. {_cell(first)}\n"
    # A list, since Markdown would put the lines together.
    listed = "\n".join(f"- {_cell(note)}" for note in notes) + "\n\n" if notes else ""
    return f"{head}\n{listed}| Column | Type | | Meaning |\n| --- | --- | --- | --- |\n{rows}\n"


def _notes(meaning: str | None) -> list[str]:
    """Return the lines of a COMMENT: what one row is, and of a view how to read it."""
    return (meaning or "").splitlines() or [""]


def _null(relation: Relation, column: Column) -> str:
    # The catalogue does not know whether a view's column can be null; its COMMENT says so.
    return "null" if relation.kind == "table" and not column.is_required else ""


def _short(type_name: str) -> str:
    return type_name.replace(" without time zone", "")


def _cell(meaning: str | None) -> str:
    return " ".join((meaning or "").replace("|", "\\|").split())


def make_dictionary(postgres: Any) -> str:
    """Return the dictionary of what `sql/` makes, from a database of its own that is dropped again."""
    name = f"dictionary_{os.getpid()}"
    local_services.ensure_database(postgres, name)
    engine = create_engine("postgresql+psycopg://", creator=lambda: session.connect(postgres.conninfo(name)))
    try:
        migrate(engine)
        deploy_views(engine)
        with engine.connect() as connection:
            return to_markdown(read_catalogue(connection))
    finally:
        engine.dispose()
        with session.connect(postgres.conninfo("postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


def main() -> int:
    """Write the page."""
    DICTIONARY_FILE.write_text(make_dictionary(local_services.ensure_postgres(PROJECT_FOLDER)), "utf-8")
    sys.stdout.write(f"{Path(DICTIONARY_FILE).relative_to(PROJECT_FOLDER)} written\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
