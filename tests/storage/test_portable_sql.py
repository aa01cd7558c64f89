"""Every statement of the PostgreSQL stores keeps to what PostgreSQL 15, Citus and YugabyteDB share.

No database is needed: the statements are read from the source and parsed. What is allowed is
listed, and all else is denied, so that a new feature is looked up before it is used. The limits:

- Citus: docs.citusdata.com/en/stable/develop/reference_workarounds.html ("SQL Support and
  Workarounds") and .../develop/reference_ddl.html ("Creating and Modifying Distributed Objects").
- YugabyteDB: docs.yugabyte.com/latest/explore/ysql-language-features/postgresql-compatibility/
  ("Unsupported PostgreSQL features"), .../api/ysql/the-sql-language/statements/txn_lock/.
"""

import ast
import importlib
import re
from pathlib import Path

import pytest
import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError

import bandeau.storage.postgres as package
from bandeau.features.comments.model import Order
from bandeau.storage.comments import store as comments
from bandeau.storage.comments.appeals import appealing
from bandeau.storage.comments.queue import queued
from bandeau.storage.comments.reports import waiting
from bandeau.storage.comments.search import stepping
from bandeau.storage.comments.store import MIGRATIONS, latest, roots
from bandeau.storage.migrating import migration
from bandeau.storage.survey import queue as survey

pytestmark = pytest.mark.slow

FOLDER = Path(package.__file__).parent
COMMENTS = sorted(Path(comments.__file__).parent.glob("*.py"))
SURVEY = sorted(Path(survey.__file__).parent.glob("*.py"))
# By subject over all nodes; every other table stays whole, on one node.
DISTRIBUTED = {"consent", "consent_rest", "consent_2027_01", "inbox"}
ROOT = {"consent_rest": "consent", "consent_2027_01": "consent"}
KEY = "subj"
# Of the session, not of the data: their meaning is the same in all three.
SESSION = {
    "BEGIN",
    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
    "COMMIT",
    "SET synchronous_commit = on",
    "SHOW synchronous_commit",
}
STATEMENTS = (exp.Select, exp.Union, exp.Insert, exp.Update, exp.Delete, exp.Create)
FUNCTIONS = {
    "COALESCE",
    "COUNT",
    "EXISTS",
    "CURRENT_TIMESTAMP",
    "GREATEST",
    "RANGE",
    "UNNEST",
    "to_regclass",
}
TYPES = {"bytea", "bytea[]", "uuid", "text", "bigint", "integer", "timestamptz"}
CASTS = TYPES | {"interval", "uuid[]", "text[]", "bigint[]", "integer[]"}
OPERATORS = {"And", "Or", "Not", "EQ", "NEQ", "LT", "LTE", "GT", "GTE", "In", "Is", "Any", "Add"}
SYSTEM_COLUMNS = {"ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"}
NOT_DISTRIBUTED = "distributed with what is not"
BEGINS = re.compile(
    r"\s*(SELECT|INSERT|UPDATE|DELETE|CREATE|DROP|ALTER|LOCK|BEGIN|COMMIT|SET|SHOW|WITH|TRUNCATE"
    r"|COPY|LISTEN|NOTIFY|PREPARE|CALL|DO|MERGE|GRANT|VACUUM|ANALYZE)\s+\D|BEGIN$|COMMIT$"
)
WORDS = re.compile(r"\b(SELECT|INSERT INTO|UPDATE|DELETE FROM|CREATE TABLE|WHERE|FOR UPDATE)\b")
STAND_INS = {
    "name": "consent_2027_01",
    "start": "0",
    "end": "1",
    "roots": ["a", "b"],
    "receipts": ["a"],
}
STAND_INS |= {"names": "$1, $2", "before": "x", "where": "", "rows": "($1, $2)"}


def text_of(node, known):
    """What an expression of constants gives, ``None`` where it is no text."""
    if isinstance(node, ast.BinOp | ast.JoinedStr | ast.Constant):
        code = compile(ast.fix_missing_locations(ast.Expression(node)), "sql", "eval")
        try:
            value = eval(code, {**vars(known), **STAND_INS})
        except (NameError, TypeError) as error:
            if WORDS.search(ast.unparse(node)):
                pytest.fail(f"{known.__name__}: a statement of what is not known here: {error}")
            return None
        return value if isinstance(value, str) else None
    return None


def texts_in(node, known):
    """Every whole text below ``node``: a sum or an f-string counts as one."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.BinOp) and not any(
            isinstance(part, ast.Constant) and isinstance(part.value, str)
            for part in ast.walk(child)
        ):
            continue
        text = text_of(child, known)
        if text is None:
            yield from texts_in(child, known)
        else:
            yield text


def statements():
    for path in [*sorted(FOLDER.glob("*.py")), *COMMENTS, *SURVEY]:
        known = importlib.import_module(f"bandeau.storage.{path.parent.name}.{path.stem}")
        for text in texts_in(ast.parse(path.read_text("utf-8")), known):
            if BEGINS.match(text):
                own = path.parent == FOLDER
                yield path.stem if own else path.parent.name, text
    for folder in (FOLDER / "migrations", survey.MIGRATIONS):
        yield from (("migrations", text) for text in made_by(folder) if text)
    # The rest of these brings old comments along, once, on tables that are whole on one node.
    yield from (("migrations", text) for text in made_by(MIGRATIONS) if text.startswith("CREATE"))


def made_by(folder):
    return [text.strip() for text in migration(folder, "postgresql", 0).split(";")]


ALL = [
    *(
        (f"comments-{order}-{follows}", roots(order, follows))
        for order in Order
        for follows in (0, 1)
    ),
]
ALL += [
    (f"comments-queue-{oldest}-{follows}", queued(oldest=oldest, follows=follows))
    for oldest in (True, False)
    for follows in (True, False)
]
ALL += [(f"comments-latest-{of_page}", latest(of_page)) for of_page in (True, False)]
ALL += [(f"comments-appeals-{follows}", appealing(follows=follows)) for follows in (True, False)]
ALL += [
    (f"comments-search-{stated}-{paged}", stepping(stated=stated, paged=paged))
    for stated in (True, False)
    for paged in (True, False)
]
ALL += [(f"comments-waiting-{follows}", waiting(follows=follows)) for follows in (True, False)]
ALL += [(f"{where}-{number}", text) for number, (where, text) in enumerate(statements())]


def parsed(text):
    try:
        return sqlglot.parse_one(text, dialect="postgres")
    except ParseError:
        return exp.Command()


def faults(text):
    """What in a statement is outside the common subset."""
    if " ".join(text.split()) in SESSION:
        return []
    tree = parsed(text)
    found = [] if isinstance(tree, STATEMENTS) else [f"{tree.key} is not a known statement"]
    tables = {table.name for table in tree.find_all(exp.Table)} - {""}
    if tables & DISTRIBUTED and tables - DISTRIBUTED:
        found.append(f"joins what is {NOT_DISTRIBUTED}")
    found += [f"function {f}" for f in sorted(functions_in(tree) - FUNCTIONS)]
    casts = {cast.args["to"].sql("postgres").lower() for cast in tree.find_all(exp.Cast)}
    found += [f"type {name}" for name in sorted(casts - known_types(CASTS))]
    columns = {column.name.lower() for column in tree.find_all(exp.Column)}
    found += [f"system column {name}" for name in sorted(columns & SYSTEM_COLUMNS)]
    found += [each.key for each in tree.find_all(exp.With, exp.TableSample, exp.Cube, exp.Rollup)]
    if isinstance(tree, exp.Create):
        return found + created(tree)
    return found + (changed(tree) if tables & DISTRIBUTED else [])


def known_types(names):
    """The names as the parser writes them."""
    return {exp.DataType.build(name, dialect="postgres").sql("postgres").lower() for name in names}


def functions_in(tree):
    called = (f for f in tree.find_all(exp.Func) if type(f).__name__ not in {*OPERATORS, "Cast"})
    return {
        call.name if isinstance(call, exp.Anonymous) else call.sql_name() for call in called
    } - {"CASE", "IF"}


def created(tree):
    """A table's columns, keys and properties; an index's kind."""
    found = [f"{kind} made" for kind in {tree.kind} - {"TABLE", "INDEX"}]
    allowed = (exp.PartitionedByProperty, exp.PartitionedOfProperty)
    for properties in tree.find_all(exp.Properties):
        found += [each.key for each in properties.expressions if not isinstance(each, allowed)]
    for column in tree.find_all(exp.ColumnDef):
        kind = column.args["kind"].sql("postgres").lower()
        found += [] if kind in known_types(TYPES) else [f"type {kind}"]
        for constraint in column.args.get("constraints", []):
            if not isinstance(
                constraint.kind, exp.NotNullColumnConstraint | exp.PrimaryKeyColumnConstraint
            ):
                found.append(f"constraint {constraint.kind.key}")
    schema = tree.this.expressions if isinstance(tree.this, exp.Schema) else []
    found += [each.key for each in schema if not isinstance(each, exp.ColumnDef | exp.PrimaryKey)]
    found += [each.key for each in tree.find_all(exp.Reference)]
    return found + ([] if key_has_subject(tree) else ["a unique key without the subject"])


def key_has_subject(tree):
    table = next(tree.find_all(exp.Table)).name
    partition = tree.find(exp.PartitionedOfProperty)
    if table not in DISTRIBUTED or partition:
        return True
    if isinstance(tree, exp.Create) and tree.kind == "INDEX":
        return not tree.args.get("unique")
    key = tree.find(exp.PrimaryKey)
    return key is not None and KEY in {column.name for column in key.expressions}


def changed(tree):
    """What a statement does to rows that are distributed."""
    found = []
    if isinstance(tree, exp.Insert):
        named = {each.name for each in getattr(tree.this, "expressions", [])}
        found += [] if KEY in named else ["a row without its subject"]
    if isinstance(tree, exp.Update):
        found += ["a subject is changed"] * any(
            set_.this.name == KEY for set_ in tree.expressions if isinstance(set_, exp.EQ)
        )
    if any(tree.find_all(exp.Lock)):
        found.append("rows are locked")
    if isinstance(tree, exp.Update | exp.Delete) and not batch_or_subject(tree):
        found.append("one row without its subject")
    return found


def batch_or_subject(tree):
    where = tree.args.get("where")
    return where is not None and (
        any(where.find_all(exp.Any))
        or KEY in {column.name for column in where.find_all(exp.Column)}
    )


@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in ALL])
def test_a_statement_keeps_to_the_common_subset(text):
    """Citus and YugabyteDB, as the module says, lack:

    - Citus: unique keys without the distribution column; changing that column; foreign keys and
      outer joins from a table of one node to a distributed one; ``SELECT … FOR UPDATE`` over
      several shards; sequences smaller than bigint; partitions of partitions; the rule system.
    - YugabyteDB: ``LISTEN``/``NOTIFY`` (issue 1872), advisory locks before 2025 (3642),
      ``LOCK TABLE`` beyond ``ACCESS SHARE`` (5384), inheritance (5956), exclusion constraints
      (3944), deferrable constraints (1709), two-phase commit (11084), ``ctid`` that means a place.
    """
    assert faults(text) == [], text


def test_every_table_and_store_was_read():
    told = {where.partition("-")[0] for where, _ in ALL}
    assert told >= {"comments", "evidence", "keys", "ledger_content", "ledger_lease", "ledger_rows",
                    "migrations", "outbox", "schema", "sightings", "survey"}  # fmt: skip
    made = {
        next(parsed(text).find_all(exp.Table)).name
        for _, text in ALL
        if isinstance(parsed(text), exp.Create) and parsed(text).kind == "TABLE"
    }
    assert made >= {"consent", "consent_rest", "consent_2027_01", "inbox", "leaf", "lease", "tile"}
    calls = re.compile(r"\.(?:execute|executemany|fetch|fetchrow|fetchval)\(")
    for path in FOLDER.glob("*.py"):
        if path.stem == "tables":
            continue  # hands on what the comments ask, which is read there
        if calls.search(path.read_text("utf-8")):
            assert path.stem in told, path


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("LISTEN news", "alias is not a known statement"),
        ("NOTIFY news", "alias is not a known statement"),
        ("LOCK TABLE sightings IN SHARE ROW EXCLUSIVE MODE", "command is not a known statement"),
        ("PREPARE TRANSACTION 'x'", "command is not a known statement"),
        ("SELECT pg_advisory_lock(1)", "function pg_advisory_lock"),
        ("SELECT nextval('s')", "function nextval"),
        ("SELECT ctid FROM leaf", "system column ctid"),
        ("CREATE SEQUENCE s", "SEQUENCE made"),
        ("CREATE TRIGGER t BEFORE INSERT ON leaf EXECUTE FUNCTION f()", "TRIGGER made"),
        ("CREATE TABLE t (id bigserial PRIMARY KEY)", "type bigserial"),
        ("CREATE TABLE t (id bigint GENERATED ALWAYS AS IDENTITY)",
         "constraint generatedasidentitycolumnconstraint"),
        ("CREATE TABLE t (id bigint REFERENCES leaf (seq))", "reference"),
        ("CREATE TABLE t (id bigint) INHERITS (leaf)", "inheritsproperty"),
        ("CREATE TABLE t (id bigint, EXCLUDE USING gist (id WITH =))", "excludecolumnconstraint"),
        ("CREATE UNLOGGED TABLE t (id bigint)", "unloggedproperty"),
        ("CREATE TABLE inbox (subj bytea, rid uuid PRIMARY KEY)", "without the subject"),
        ("CREATE UNIQUE INDEX i ON consent (rid)", "without the subject"),
        ("INSERT INTO consent (rid) VALUES ($1)", "a row without its subject"),
        ("INSERT INTO consent VALUES ($1, $2)", "a row without its subject"),
        ("UPDATE consent SET subj = $1 WHERE subj = $2", "a subject is changed"),
        ("DELETE FROM consent WHERE rid = $1", "one row without its subject"),
        ("DELETE FROM inbox", "one row without its subject"),
        ("SELECT rid FROM inbox FOR UPDATE SKIP LOCKED", "rows are locked"),
        ("SELECT 1 FROM leaf LEFT JOIN consent ON leaf.rid = consent.rid", NOT_DISTRIBUTED),
        ("WITH a AS (DELETE FROM leaf RETURNING rid) SELECT rid FROM a", "with"),
        ("SELECT seq FROM leaf TABLESAMPLE SYSTEM (1)", "tablesample"),
    ],
)  # fmt: skip
def test_what_one_of_them_lacks_is_found(text, fault):
    assert any(fault in found for found in faults(text)), faults(text)
