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

_CALLBACKS = """
CREATE TABLE callbacks (
  execution INTEGER NOT NULL, call INTEGER NOT NULL, frame INTEGER NOT NULL,
  outcome TEXT, beat REAL, PRIMARY KEY (execution, call)) WITHOUT ROWID
"""

_MAP_RUNS = """
ALTER TABLE executions ADD COLUMN kind TEXT NOT NULL DEFAULT 'STANDARD';
ALTER TABLE executions ADD COLUMN redrives INTEGER NOT NULL DEFAULT 0;
ALTER TABLE executions ADD COLUMN redriven_at REAL;
ALTER TABLE executions ADD COLUMN map_run INTEGER;
ALTER TABLE executions ADD COLUMN item INTEGER;
ALTER TABLE executions ADD COLUMN started_by TEXT;
CREATE INDEX executions_of_map_run ON executions (map_run, item) WHERE map_run IS NOT NULL;
CREATE INDEX executions_of_nobody ON executions (key) WHERE map_run IS NULL;
CREATE UNIQUE INDEX executions_started_by ON executions (started_by) WHERE started_by IS NOT NULL;
CREATE TABLE map_runs (
  key INTEGER PRIMARY KEY, arn TEXT NOT NULL UNIQUE, execution INTEGER NOT NULL,
  event INTEGER NOT NULL, status TEXT NOT NULL, started_at REAL NOT NULL, stopped_at REAL,
  max_concurrency INTEGER NOT NULL, tolerated_count INTEGER, tolerated_percentage REAL,
  redrives INTEGER NOT NULL DEFAULT 0, redriven_at REAL, is_read INTEGER NOT NULL DEFAULT 0,
  failing INTEGER NOT NULL DEFAULT 0, UNIQUE (execution, event));
CREATE TABLE map_items (
  map_run INTEGER NOT NULL, item INTEGER NOT NULL, items INTEGER NOT NULL, input TEXT NOT NULL,
  status TEXT NOT NULL, PRIMARY KEY (map_run, item)) WITHOUT ROWID;
CREATE INDEX map_items_waiting ON map_items (map_run, item)
  WHERE status IN ('PENDING', 'PENDING_REDRIVE');
CREATE TABLE map_counts (
  map_run INTEGER NOT NULL, status TEXT NOT NULL, executions INTEGER NOT NULL,
  items INTEGER NOT NULL, PRIMARY KEY (map_run, status)) WITHOUT ROWID
"""

_LISTS = """
CREATE INDEX executions_by_machine_and_status ON executions (machine, status, key)
  WHERE map_run IS NULL
"""

MIGRATIONS: tuple[str, ...] = (
    _STATE_MACHINES,  # to format 2: machines made over the API, and how executions came about
    _CALLBACKS,  # to format 3: Tasks that wait until somebody sends their outcome
    _MAP_RUNS,  # to format 4: Distributed Maps, nested executions, redrives
    _LISTS,  # lists by machine and status without reading the others
)
"""The statements of each step, separated by semicolons; the first leads from format 1 to 2."""
