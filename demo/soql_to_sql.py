"""SoQL, the query language of the portal, parsed and translated into parameterised SQL for SQLite.

What lives here: the grammar, the types, the results' names, and SODA's refusals (`SoqlError`, a 400).
What does not: rows and HTTP. Mirrors https://dev.socrata.com/docs/queries/ and
https://dev.socrata.com/docs/functions/.

Text compares bytewise, stamps as instants (or wall clock), numbers as numbers; a comparison with null is
not true. A text literal is read as the type that it meets, as SODA does; a number literal is not.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, cast

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedInput

from demo.shapes import Shape, ShapeField, Stored, to_number, to_stored_stamp

DEFAULT_LIMIT_ROWS = 1000
_TEXT_TYPES = ("text", "row_identifier", "row_version", "floating_timestamp")

_GRAMMAR = r"""
    statement: _SELECT select [_WHERE expr] [_GROUP _BY group] [_HAVING expr] [_ORDER _BY order] \
               [_LIMIT NUMBER] [_OFFSET NUMBER]
    select: item ("," item)*
    ?item: STAR -> star
        | SYSTEM_STAR -> system_star
        | expr [_AS name] -> selected
    group: expr ("," expr)*
    order: ordering ("," ordering)*
    ordering: expr [ASC | DESC]

    ?expr: conjunction | expr _OR conjunction -> any_of
    ?conjunction: negation | conjunction _AND negation -> all_of
    ?negation: comparison | _NOT negation -> negate
    ?comparison: sum
        | sum COMPARE sum -> compare
        | sum _IS _NULL -> is_null
        | sum _IS _NOT _NULL -> is_not_null
        | sum _BETWEEN sum _AND sum -> between
        | sum _NOT _BETWEEN sum _AND sum -> not_between
        | sum _IN "(" expr ("," expr)* ")" -> within
        | sum _NOT _IN "(" expr ("," expr)* ")" -> not_within
        | sum _LIKE sum -> like
        | sum _NOT _LIKE sum -> not_like
    ?sum: product | sum (PLUS | MINUS) product -> arithmetic | sum "||" product -> concat
    ?product: unary | product (SLASH | STAR) unary -> arithmetic
    ?unary: atom | MINUS unary -> minus
    ?atom: "(" expr ")"
        | FUNCTION "(" STAR ")" -> call_star
        | FUNCTION "(" _DISTINCT expr ")" -> call_distinct
        | FUNCTION "(" [expr ("," expr)*] ")" -> call
        | name -> column
        | STRING -> string
        | NUMBER -> number
        | TRUE -> boolean
        | FALSE -> boolean
        | _NULL -> null
    !name: NAME | QUOTED_NAME

    STAR: "*"
    SYSTEM_STAR: ":*"
    PLUS: "+"
    MINUS: "-"
    SLASH: "/"
    COMPARE: "<=" | ">=" | "!=" | "<>" | "==" | "=" | "<" | ">"
    NUMBER: /[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?/
    STRING: /'(?:[^']|'')*'/
    QUOTED_NAME: /`[^`]+`/
    NAME: /(?!(select|where|group|having|order|limit|offset|search)\b):?@?[A-Za-z_][A-Za-z0-9_]*/i
    FUNCTION.3: /[A-Za-z_][A-Za-z0-9_]*(?=\s*\()/
    _SELECT.4: /select\b/i
    _WHERE.4: /where\b/i
    _GROUP.4: /group\b/i
    _BY.4: /by\b/i
    _HAVING.4: /having\b/i
    _ORDER.4: /order\b/i
    _LIMIT.4: /limit\b/i
    _OFFSET.4: /offset\b/i
    _AS.4: /as\b/i
    _AND.4: /and\b/i
    _OR.4: /or\b/i
    _NOT.4: /not\b/i
    _IS.4: /is\b/i
    _IN.4: /in\b/i
    _LIKE.4: /like\b/i
    _BETWEEN.4: /between\b/i
    _NULL.4: /null\b/i
    _DISTINCT.4: /distinct\b/i
    ASC.4: /asc\b/i
    DESC.4: /desc\b/i
    TRUE.4: /true\b/i
    FALSE.4: /false\b/i
    %ignore /\s+/
"""

_PARSER = Lark(
    _GRAMMAR,
    parser="lalr",
    start=["statement", "select", "expr", "group", "order"],
    propagate_positions=True,
    maybe_placeholders=True,
)


class SoqlError(Exception):
    """SODA refuses the query: HTTP 400 with this JSON object."""

    def __init__(self, code: str, message: str, **data: object) -> None:
        super().__init__(message)
        self.code = code
        self.data = data

    @property
    def body(self) -> dict[str, object]:
        """The object as the portal sends it.

        Older answers name it `code`, newer ones `errorCode`: both are there.
        """
        return {
            "code": self.code,
            "errorCode": self.code,
            "error": True,
            "message": str(self),
            "data": self.data,
        }


def _malformed(message: str, text: str) -> SoqlError:
    return SoqlError("query.compiler.malformed", f"Could not parse SoQL query: {message}", query=text)


def _mismatch(message: str) -> SoqlError:
    return SoqlError("query.soql.type-mismatch", f"Type mismatch: {message}")


@dataclass(frozen=True)
class Expr:
    """A translated expression. `bare` are the columns that it reads outside an aggregate."""

    sql: str
    type: str
    params: tuple[Stored, ...] = ()
    bare: frozenset[str] = frozenset()
    aggregate: bool = False
    literal: str | None = None
    never_null: bool = False


@dataclass(frozen=True)
class ResultColumn:
    """One column of the result."""

    name: str
    expr: Expr


@dataclass(frozen=True)
class Query:
    """A translated query. `whole` says that the ready JSON text of the rows can be used."""

    columns: tuple[ResultColumn, ...]
    where: Expr | None
    group: tuple[Expr, ...]
    having: Expr | None
    order: tuple[tuple[Expr, str], ...]
    limit: int
    offset: int
    grouped: bool
    whole: str

    @property
    def ordered_by_row(self) -> bool:
        """True if the order is total by itself: it holds the row identifier."""
        return not self.grouped and any(e.type == "row_identifier" for e, _ in self.order)

    @property
    def one_row(self) -> bool:
        """True for aggregates over everything."""
        return self.grouped and not self.group

    @property
    def texts_only(self) -> bool:
        """True if every result is text in SQLite as it is in JSON, so that SQLite can write the objects."""
        return all(column.expr.type in _TEXT_TYPES for column in self.columns)

    def to_column_sql(self, table: str, shuffle: tuple[int, int]) -> tuple[str, list[Stored]]:
        """Give the SQL, and its parameters, of one result row a row and one column a column."""
        return self._to_sql([column.expr for column in self.columns], table, shuffle)

    def to_object_sql(self, table: str, shuffle: tuple[int, int]) -> tuple[str, list[Stored]]:
        """Give SQL whose one value is the JSON objects of all rows, joined; for `texts_only`."""
        inner, params = self.to_column_sql(table, shuffle)
        parts = []
        for place, column in enumerate(self.columns):
            key = f",{json.dumps(column.name)}:".replace("'", "''")
            # A year of five digits is stored behind a colon (demo/datasets.py).
            value = f"ltrim(s.c{place}, ':')" if column.expr.type == "floating_timestamp" else f"s.c{place}"
            parts.append(f"case when s.c{place} is null then '' else '{key}' || json_quote({value}) end")
        row = f"'{{' || substr({' || '.join(parts)}, 2) || '}}'"
        return f"select group_concat({row}, char(10) || ',') from ({inner}) s", params  # noqa: S608

    def to_whole_sql(self, table: str, json_table: str, shuffle: tuple[int, int]) -> tuple[str, list[Stored]]:
        """Give SQL of the ready JSON text of whole rows; "plain" rows lack their opening brace."""
        inner, params = self._to_sql([Expr("d.row_number", "number")], table, shuffle)
        text = "j.row_json" if self.whole == "all" else "substr(j.row_json, j.system_bytes + 1)"
        found = f'(select {text} from "{json_table}" j where j.row_number = s.c0)'  # noqa: S608
        return f"select {found} from ({inner}) s", params  # noqa: S608

    def _to_sql(
        self, results: Sequence[Expr], table: str, shuffle: tuple[int, int]
    ) -> tuple[str, list[Stored]]:
        """`shuffle` (factor, prime) gives ties, and unordered rows, this request's own order."""
        params: list[Stored] = []

        def emit(expr: Expr) -> str:
            params.extend(expr.params)
            return expr.sql

        columns = ", ".join(f"{emit(expr)} as c{place}" for place, expr in enumerate(results))
        sql = f'select {columns} from "{table}" d'  # noqa: S608 (identifiers come from the declared shape)
        if self.where:
            sql += f" where {emit(self.where)}"
        if self.group:
            sql += f" group by {', '.join(emit(expr) for expr in self.group)}"
        if self.having:
            sql += f" having {emit(self.having)}"
        terms = [f"{self._sorted_apart(expr)}{emit(expr)} {direction}" for expr, direction in self.order]
        if not self.ordered_by_row and not self.one_row:
            key = "min(d.row_number)" if self.grouped else "d.row_number"
            terms.append(f"({key} * ?) % ?")
            params.extend(shuffle)
        if terms:
            sql += f" order by {', '.join(terms)}"
        params += [self.limit, self.offset]
        return f"{sql} limit ? offset ?", params

    def _sorted_apart(self, expr: Expr) -> str:
        """Give a plus where SQLite would else walk the index of `:id` through the dataset for a few rows."""
        narrow = self.where is not None and not expr.bare & self.where.bare
        return "+" if narrow and expr.type == "row_identifier" else ""


@lru_cache(maxsize=2048)
def _parse(text: str, start: str) -> Tree[Token]:
    try:
        return _PARSER.parse(text, start=start)
    except UnexpectedInput as error:
        at = f"line {max(error.line, 1)} character {max(error.column, 1)}"
        raise _malformed(f"unexpected input at {at}", text) from error
    except RecursionError as error:
        raise _malformed("too deep", text) from error


def _string_value(token: str) -> str:
    return token[1:-1].replace("''", "'")


def _to_glob(pattern: str) -> str:
    """Give a LIKE pattern as GLOB, which tells upper from lower case as PostgreSQL's LIKE does."""
    out: list[str] = []
    quoted = False
    for char in pattern:
        if char == "\\" and not quoted:
            quoted = True
            continue
        if not quoted and char in "%_":
            out.append("*" if char == "%" else "?")
        else:
            out.append(f"[{char}]" if char in "*?[" else char)
        quoted = False
    return "".join(out)


def _coerced(literal: Expr, wanted: str) -> Expr:
    """Give a text literal read as the type it meets."""
    text = literal.literal or ""
    value: Stored = None
    if wanted == "number":
        value = to_number(text)
    elif wanted == "fixed_timestamp":
        value = to_stored_stamp(text)
    elif wanted == "floating_timestamp":
        value = None if text.endswith("Z") else to_stored_stamp(text)
    elif wanted == "checkbox":
        value = {"true": 1, "false": 0}.get(text.lower())
    elif wanted in ("row_identifier", "row_version"):
        value = text if text.startswith("row-" if wanted == "row_identifier" else "rv-") else None
    if value is None:
        raise _mismatch(f"'{text}' is no {wanted}")
    return Expr("?", wanted, (value,))


def _matched(left: Expr, right: Expr) -> tuple[Expr, Expr]:
    """Both sides of a comparison in one type, or a refusal."""
    if left.type == right.type or "null" in (left.type, right.type):
        return left, right
    if right.literal is not None:
        return left, _coerced(right, left.type)
    if left.literal is not None:
        return _coerced(left, right.type), right
    raise _mismatch(f"{left.type} and {right.type} cannot be compared")


def _combined(sql: str, type_name: str, *parts: Expr) -> Expr:
    return Expr(
        sql,
        type_name,
        tuple(param for part in parts for param in part.params),
        frozenset().union(*(part.bare for part in parts)),
        any(part.aggregate for part in parts),
    )


def _needs(expr: Expr, *wanted: str) -> Expr:
    if expr.type in wanted or expr.type == "null":
        return expr
    if expr.literal is not None:
        return _coerced(expr, wanted[0])
    raise _mismatch(f"{expr.type} where {' or '.join(wanted)} is needed")


_STAMPS = ("floating_timestamp", "fixed_timestamp")

# name: (argument types, result type or "" for that of the first argument, SQL)
_SCALARS: dict[str, tuple[tuple[tuple[str, ...], ...], str, str]] = {
    "upper": ((("text",),), "text", "upper({0})"),
    "lower": ((("text",),), "text", "lower({0})"),
    "starts_with": ((("text",), ("text",)), "checkbox", "(instr({0}, {1}) = 1)"),
    "contains": ((("text",), ("text",)), "checkbox", "(instr({0}, {1}) > 0)"),
    "date_trunc_y": ((_STAMPS,), "", "(substr({0}, 1, 4) || '-01-01T00:00:00.000')"),
    "date_trunc_ym": ((_STAMPS,), "", "(substr({0}, 1, 7) || '-01T00:00:00.000')"),
    "date_trunc_ymd": ((_STAMPS,), "", "(substr({0}, 1, 10) || 'T00:00:00.000')"),
    "date_extract_y": ((_STAMPS,), "number", "cast(substr({0}, 1, 4) as integer)"),
    "date_extract_m": ((_STAMPS,), "number", "cast(substr({0}, 6, 2) as integer)"),
    "date_extract_d": ((_STAMPS,), "number", "cast(substr({0}, 9, 2) as integer)"),
    "date_extract_hh": ((_STAMPS,), "number", "cast(substr({0}, 12, 2) as integer)"),
    "date_extract_mm": ((_STAMPS,), "number", "cast(substr({0}, 15, 2) as integer)"),
    "date_extract_ss": ((_STAMPS,), "number", "cast(substr({0}, 18, 2) as integer)"),
    "date_extract_dow": ((_STAMPS,), "number", "cast(strftime('%w', substr({0}, 1, 10)) as integer)"),
}
_COMPARABLE = ("text", "number", *_STAMPS)
# name: (argument types, result type or "" for that of the argument)
_AGGREGATES: dict[str, tuple[tuple[str, ...], str]] = {
    "count": ((*_COMPARABLE, "checkbox", "location", "row_identifier", "row_version"), "number"),
    "min": (_COMPARABLE, ""),
    "max": (_COMPARABLE, ""),
    "sum": (("number",), "number"),
    "avg": (("number",), "number"),
}


class _Translator:
    """One query's translation: resolves names against the shape and the aliases of its select list."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.fields: Mapping[str, ShapeField] = {field.name.lower(): field for field in shape.all_fields}
        self.aliases: dict[str, Expr] = {}

    def expr(self, node: Tree[Token]) -> Expr:
        """Any expression."""
        rule = cast("Callable[[list[Any]], Expr]", getattr(self, f"_{node.data}"))
        return rule(node.children)

    def condition(self, node: Tree[Token]) -> Expr:
        """Give an expression that is true or false."""
        return _needs(self.expr(node), "checkbox")

    def _column(self, parts: list[Any]) -> Expr:
        name = _name(parts[0])
        if name in self.aliases:
            return self.aliases[name]
        return self.field(name)

    def field(self, name: str) -> Expr:
        """Give a field of the dataset by its name."""
        field = self.fields.get(name)
        if field is None:
            raise SoqlError(
                "query.soql.no-such-column", f"No such column: {name}", column=name, dataset=self.shape.id
            )
        return Expr(
            f"d.{field.sql}" if not field.expression else field.sql,
            field.type,
            bare=frozenset((field.sql,)),
            never_null=field in self.shape.system[:4],
        )

    def _string(self, parts: list[Any]) -> Expr:
        text = _string_value(parts[0])
        return Expr("?", "text", (text,), literal=text)

    def _number(self, parts: list[Any]) -> Expr:
        return Expr("?", "number", (to_number(parts[0]),))

    def _boolean(self, parts: list[Any]) -> Expr:
        return Expr("1" if parts[0].lower() == "true" else "0", "checkbox")

    def _null(self, _parts: list[Any]) -> Expr:
        return Expr("null", "null")

    def _any_of(self, parts: list[Any]) -> Expr:
        left, right = (self.condition(part) for part in parts)
        return _combined(f"({left.sql} or {right.sql})", "checkbox", left, right)

    def _all_of(self, parts: list[Any]) -> Expr:
        left, right = (self.condition(part) for part in parts)
        return _combined(f"({left.sql} and {right.sql})", "checkbox", left, right)

    def _negate(self, parts: list[Any]) -> Expr:
        inner = self.condition(parts[0])
        return replace(inner, sql=f"(not {inner.sql})", literal=None)

    def _compare(self, parts: list[Any]) -> Expr:
        left, right = _matched(self.expr(parts[0]), self.expr(parts[2]))
        if "location" in (left.type, right.type):
            raise _mismatch("a location can only be null or not")
        sign = {"==": "=", "<>": "!="}.get(str(parts[1]), str(parts[1]))
        return _combined(f"({left.sql} {sign} {right.sql})", "checkbox", left, right)

    def _is_null(self, parts: list[Any]) -> Expr:
        inner = self.expr(parts[0])
        return _combined(f"({inner.sql} is null)", "checkbox", inner)

    def _is_not_null(self, parts: list[Any]) -> Expr:
        inner = self.expr(parts[0])
        return _combined(f"({inner.sql} is not null)", "checkbox", inner)

    def _between(self, parts: list[Any], word: str = "between") -> Expr:
        value = self.expr(parts[0])
        low, high = (_matched(value, self.expr(part))[1] for part in parts[1:])
        return _combined(f"({value.sql} {word} {low.sql} and {high.sql})", "checkbox", value, low, high)

    def _not_between(self, parts: list[Any]) -> Expr:
        return self._between(parts, "not between")

    def _within(self, parts: list[Any], word: str = "in") -> Expr:
        value = self.expr(parts[0])
        options = [_matched(value, self.expr(part))[1] for part in parts[1:]]
        inside = ", ".join(option.sql for option in options)
        return _combined(f"({value.sql} {word} ({inside}))", "checkbox", value, *options)

    def _not_within(self, parts: list[Any]) -> Expr:
        return self._within(parts, "not in")

    def _like(self, parts: list[Any], word: str = "glob") -> Expr:
        value, pattern = _needs(self.expr(parts[0]), "text"), self.expr(parts[1])
        if pattern.literal is None:
            raise _mismatch("like needs a text literal")
        glob = Expr("?", "text", (_to_glob(pattern.literal),))
        return _combined(f"({value.sql} {word} {glob.sql})", "checkbox", value, glob)

    def _not_like(self, parts: list[Any]) -> Expr:
        return self._like(parts, "not glob")

    def _arithmetic(self, parts: list[Any]) -> Expr:
        left, right = (_needs(self.expr(part), "number") for part in (parts[0], parts[2]))
        # SODA's numbers are decimals: 7 / 2 is 3.5.
        factor = "1.0 * " if str(parts[1]) == "/" else ""
        return _combined(f"({factor}{left.sql} {parts[1]} {right.sql})", "number", left, right)

    def _minus(self, parts: list[Any]) -> Expr:
        inner = _needs(self.expr(parts[-1]), "number")
        return replace(inner, sql=f"(-{inner.sql})")

    def _concat(self, parts: list[Any]) -> Expr:
        left, right = (_needs(self.expr(part), "text") for part in parts)
        return _combined(f"({left.sql} || {right.sql})", "text", left, right)

    def _call_star(self, parts: list[Any]) -> Expr:
        if str(parts[0]).lower() != "count":
            raise _mismatch(f"{parts[0]}(*)")
        return Expr("count(*)", "number", aggregate=True, never_null=True)

    def _call_distinct(self, parts: list[Any]) -> Expr:
        if str(parts[0]).lower() != "count":
            raise _mismatch(f"{parts[0]}(distinct …)")
        return self._aggregate("count", [parts[1]], "distinct ")

    def _call(self, parts: list[Any]) -> Expr:
        name = str(parts[0]).lower()
        nodes = [part for part in parts[1:] if part is not None]
        if name in _AGGREGATES:
            return self._aggregate(name, nodes, "")
        if name not in _SCALARS:
            raise SoqlError("query.soql.no-such-function", f"No such function: {name}", function=name)
        wanted, result, template = _SCALARS[name]
        if len(nodes) != len(wanted):
            raise _mismatch(f"{name} takes {len(wanted)} arguments")
        given = [_needs(self.expr(node), *types) for node, types in zip(nodes, wanted, strict=True)]
        return _combined(template.format(*(arg.sql for arg in given)), result or given[0].type, *given)

    def _aggregate(self, name: str, nodes: Sequence[Tree[Token]], word: str) -> Expr:
        wanted, result = _AGGREGATES[name]
        if len(nodes) != 1:
            raise _mismatch(f"{name} takes one argument")
        inner = _needs(self.expr(nodes[0]), *wanted)
        if inner.aggregate:
            raise SoqlError(
                "query.soql.aggregate-in-ungrouped-context", f"{name} of an aggregate", function=name
            )
        return Expr(f"{name}({word}{inner.sql})", result or inner.type, inner.params, aggregate=True)

    def columns(self, node: Tree[Token] | None, text: str) -> tuple[ResultColumn, ...]:
        """Give the select list. Its aliases are known to the rest of the query, as in SODA to `where` too."""
        if node is None:
            return tuple(self._every(self.shape.fields))
        out: list[ResultColumn] = []
        for item in cast("list[Tree[Token]]", node.children):
            if item.data == "star":
                out += self._every(self.shape.fields)
            elif item.data == "system_star":
                out += self._every(self.shape.system)
            else:
                out.append(self._selected(item, text, {column.name for column in out}))
        return tuple(out)

    def _every(self, fields: Iterable[ShapeField]) -> list[ResultColumn]:
        return [ResultColumn(field.name, self.field(field.name)) for field in fields]

    def _selected(self, item: Tree[Token], text: str, used: set[str]) -> ResultColumn:
        node, alias = cast("tuple[Tree[Token], Tree[Token] | None]", item.children)
        # An alias may hide a column of the same name, so the expression itself is read without aliases.
        known, self.aliases = self.aliases, {}
        expr = self.expr(node)
        self.aliases = known
        if alias is not None:
            name = _name(alias)
            if name in used:
                raise SoqlError("query.soql.duplicate-alias", f"Duplicate alias: {name}", column=name)
            self.aliases[name] = expr
            return ResultColumn(name, expr)
        base = name = _implicit_alias(node, text)
        number = 1
        while name in used:
            name, number = f"{base}_{number}", number + 1
        if node.data != "column":
            self.aliases.setdefault(name, expr)
        return ResultColumn(name, expr)


def _name(node: Tree[Token]) -> str:
    return str(node.children[0]).strip("`").lower()


def _implicit_alias(node: Tree[Token], text: str) -> str:
    """SODA's own name of an expression: `max(:updated_at)` is `max_updated_at`, `count(*)` is `count`."""
    if node.data == "column":
        return _name(cast("Tree[Token]", node.children[0]))
    source = text[node.meta.start_pos : node.meta.end_pos].lower()
    return re.sub(r"[^a-z0-9]+", "_", source.replace("_", "-")).strip("_") or "expression"


def _check_groups(query: Query) -> None:
    """In a grouped query every result is an aggregate or made of what is grouped by."""
    keys = {(expr.sql, expr.params) for expr in query.group}
    plain = frozenset().union(
        *(expr.bare for expr in query.group if expr.sql in {f"d.{b}" for b in expr.bare})
    )
    results = [column.expr for column in query.columns] + [expr for expr, _ in query.order]
    for expr in results + ([query.having] if query.having else []):
        if (expr.sql, expr.params) not in keys and not expr.bare <= plain:
            name = min(expr.bare - plain).strip('"')
            raise SoqlError(
                "query.soql.column-not-in-group-bys", f"Column not in group bys: {name}", column=name
            )


def _ungrouped_only(expr: Expr) -> Expr:
    if expr.aggregate:
        raise SoqlError(
            "query.soql.aggregate-in-ungrouped-context", "Aggregate function used in ungrouped context"
        )
    return expr


@dataclass(frozen=True)
class _Clauses:
    """The parsed parts of a query, whether they came one by one or as one `$query`."""

    text: str
    select: Tree[Token] | None
    where: tuple[Tree[Token], ...]
    group: Tree[Token] | None
    having: Tree[Token] | None
    order: Tree[Token] | None
    limit: int
    offset: int


_PARAMETERS = {"$select", "$where", "$group", "$having", "$order", "$limit", "$offset", "$query"}


def _whole_number(params: Mapping[str, str], name: str, default: int) -> int:
    text = params.get(name)
    if text is None:
        return default
    if not re.fullmatch(r"[0-9]{1,18}", text.strip(), re.ASCII):
        raise _malformed(f"{name} is no whole number", text)
    return int(text)


def _clauses(params: Mapping[str, str], default_limit: int) -> _Clauses:
    unknown = sorted(name for name in params if name.startswith("$") and name not in _PARAMETERS)
    if unknown:
        raise SoqlError("invalid_request", f"Unrecognized arguments [{', '.join(unknown)}]")
    if "$query" in params:
        return _statement_clauses(params, default_limit)

    def part(name: str, start: str) -> Tree[Token] | None:
        return _parse(params[name], start) if params.get(name, "").strip() else None

    where = part("$where", "expr")
    return _Clauses(
        params.get("$select", ""),
        part("$select", "select"),
        () if where is None else (where,),
        part("$group", "group"),
        part("$having", "expr"),
        part("$order", "order"),
        _whole_number(params, "$limit", default_limit),
        _whole_number(params, "$offset", 0),
    )


def _statement_clauses(params: Mapping[str, str], default_limit: int) -> _Clauses:
    text = params["$query"]
    others = sorted(name for name in params if name.startswith("$") and name != "$query")
    if others:
        raise SoqlError("invalid_request", f"$query cannot be combined with {', '.join(others)}")
    select, where, group, having, order, limit, offset = cast("list[Any]", _parse(text, "statement").children)
    numbers = {"$limit": limit, "$offset": offset}
    given = {name: str(number) for name, number in numbers.items() if number is not None}
    return _Clauses(
        text,
        select,
        () if where is None else (where,),
        group,
        having,
        order,
        _whole_number(given, "$limit", default_limit),
        _whole_number(given, "$offset", 0),
    )


def _simple_filters(translator: _Translator, params: Mapping[str, str]) -> list[Expr]:
    """`?beat=511`: a parameter without a dollar sign is an equality filter."""
    out: list[Expr] = []
    for name, value in params.items():
        if not name.startswith("$"):
            column = translator.field(name.lower())
            literal = Expr("?", "text", (value,), literal=value)
            left, right = _matched(column, literal)
            out.append(_combined(f"({left.sql} = {right.sql})", "checkbox", left, right))
    return out


def _order_terms(translator: _Translator, node: Tree[Token] | None) -> tuple[tuple[Expr, str], ...]:
    terms: list[tuple[Expr, str]] = []
    for ordering in cast("list[Tree[Token]]", node.children if node is not None else []):
        inner, direction = cast("tuple[Tree[Token], Token | None]", ordering.children)
        expr = translator.expr(inner)
        if expr.type == "location":
            raise _mismatch("a location has no order")
        word = str(direction or "asc").lower()
        # PostgreSQL's order of nulls; SQLite's is the other way round, and asking for ours costs the use of an index.
        nulls = "" if expr.never_null else " nulls last" if word == "asc" else " nulls first"
        terms.append((expr, word + nulls))
    return tuple(terms)


def _whole(columns: Sequence[ResultColumn], shape: Shape, *, grouped: bool) -> str:
    """Which ready JSON text gives this result: "all" fields, the "plain" ones, or none ("")."""
    if grouped or any(field.expression for field in shape.all_fields):
        return ""
    names = [column.name for column in columns]
    bare = [column.expr.sql for column in columns] == [f'd."{name}"' for name in names]
    if bare and names == [field.name for field in shape.all_fields]:
        return "all"
    return "plain" if bare and names == [field.name for field in shape.fields] else ""


def translate(params: Mapping[str, str], shape: Shape, *, default_limit: int = DEFAULT_LIMIT_ROWS) -> Query:
    """Give the query that a request's parameters ask for; raises `SoqlError` for what SODA refuses."""
    clauses = _clauses(params, default_limit)
    translator = _Translator(shape)
    columns = translator.columns(clauses.select, clauses.text)
    conditions = [_ungrouped_only(translator.condition(node)) for node in clauses.where]
    conditions += _simple_filters(translator, params)
    where = None
    if conditions:
        where = _combined(" and ".join(c.sql for c in conditions), "checkbox", *conditions)
    group_nodes = cast("list[Tree[Token]]", clauses.group.children if clauses.group is not None else [])
    group = tuple(_ungrouped_only(translator.expr(node)) for node in group_nodes)
    order = _order_terms(translator, clauses.order)
    having = translator.condition(clauses.having) if clauses.having is not None else None
    grouped = bool(group) or any(column.expr.aggregate for column in columns)
    if having is not None and not grouped:
        raise SoqlError("query.soql.aggregate-in-ungrouped-context", "having without group")
    if not grouped:
        for expr, _ in order:
            _ungrouped_only(expr)
    whole = _whole(columns, shape, grouped=grouped)
    query = Query(columns, where, group, having, order, clauses.limit, clauses.offset, grouped, whole)
    if grouped:
        _check_groups(query)
    return query
