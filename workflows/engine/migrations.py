"""How an older journal becomes one of today, step by step; a new journal takes all steps at once.

A step that was released is never changed: what is to be otherwise becomes another step at the end.
"""

_STATE_MACHINES = """
CREATE TABLE state_machines (
  name TEXT PRIMARY KEY, generated INTEGER NOT NULL, status TEXT NOT NULL, type TEXT NOT NULL,
  definition TEXT NOT NULL, settings TEXT NOT NULL, revision TEXT NOT NULL,
  created_at REAL NOT NULL, updated_at REAL NOT NULL, newest INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE versions (
  machine TEXT NOT NULL, number INTEGER NOT NULL, definition TEXT NOT NULL,
  settings TEXT NOT NULL, revision TEXT NOT NULL, description TEXT, created_at REAL NOT NULL,
  PRIMARY KEY (machine, number)) WITHOUT ROWID;
CREATE TABLE aliases (
  machine TEXT NOT NULL, name TEXT NOT NULL, description TEXT, routes TEXT NOT NULL,
  created_at REAL NOT NULL, updated_at REAL NOT NULL, PRIMARY KEY (machine, name)) WITHOUT ROWID;
CREATE TABLE tags (
  arn TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL,
  PRIMARY KEY (arn, key)) WITHOUT ROWID;
CREATE TABLE origins (
  execution INTEGER PRIMARY KEY, version TEXT, alias TEXT, trace TEXT);
CREATE INDEX origins_by_version ON origins (version, execution) WHERE version IS NOT NULL;
CREATE INDEX origins_by_alias ON origins (alias, execution) WHERE alias IS NOT NULL
"""

MIGRATIONS: tuple[str, ...] = (
    _STATE_MACHINES,  # to format 2: machines made over the API, and how executions came about
)
"""The statements of each step, separated by semicolons; the first leads from format 1 to 2."""
