"""The tables of the ledger. A statement that has been released is never changed, only added to."""

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        # What arrived; the number is the order of arrival.
        """CREATE TABLE arrival (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            claim TEXT NOT NULL UNIQUE,
            key TEXT NOT NULL,
            origin TEXT NOT NULL,
            published_at TEXT NOT NULL,
            sha256 TEXT NOT NULL,
            size INTEGER NOT NULL,
            dataset TEXT,
            source TEXT,
            arrived_at TEXT NOT NULL
        ) STRICT""",
        "CREATE INDEX arrival_of_bytes ON arrival (sha256, published_at)",
        # Every lease ever given; those without settled_at are held.
        """CREATE TABLE lease (
            fence INTEGER PRIMARY KEY AUTOINCREMENT,
            claim TEXT NOT NULL REFERENCES arrival (claim),
            execution TEXT NOT NULL,
            dataset TEXT,
            release TEXT,
            taken_at TEXT NOT NULL,
            settled_at TEXT
        ) STRICT""",
        "CREATE UNIQUE INDEX lease_held ON lease (claim) WHERE settled_at IS NULL",
        # same_as: the bytes were unchanged, and the releases are those of that publication.
        """CREATE TABLE publication (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            dataset TEXT NOT NULL,
            source TEXT NOT NULL,
            published_at TEXT NOT NULL,
            sha256 TEXT NOT NULL,
            arrival INTEGER NOT NULL,
            withdrawn INTEGER NOT NULL DEFAULT 0,
            same_as INTEGER REFERENCES publication (number),
            UNIQUE (dataset, source, published_at, sha256)
        ) STRICT""",
        # The number is the order of commit; outcome the state that publishing answered.
        """CREATE TABLE release (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            release TEXT NOT NULL UNIQUE,
            publication INTEGER NOT NULL REFERENCES publication (number),
            processing TEXT NOT NULL,
            raw_key TEXT NOT NULL,
            source_file TEXT NOT NULL,
            execution TEXT NOT NULL,
            claim TEXT NOT NULL,
            fence INTEGER NOT NULL,
            rows_read INTEGER NOT NULL,
            rows_published INTEGER NOT NULL,
            rows_quarantined INTEGER NOT NULL,
            findings INTEGER NOT NULL,
            first_time TEXT,
            last_time TEXT,
            parts TEXT NOT NULL,
            document TEXT NOT NULL,
            committed_at TEXT NOT NULL,
            outcome TEXT NOT NULL DEFAULT 'archived',
            was_current INTEGER NOT NULL DEFAULT 0,
            withdrawn INTEGER NOT NULL DEFAULT 0
        ) STRICT""",
        "CREATE INDEX release_of_publication ON release (publication)",
        "CREATE INDEX release_of_claim ON release (claim)",
        """CREATE TABLE current (
            dataset TEXT NOT NULL,
            source TEXT NOT NULL,
            release TEXT NOT NULL REFERENCES release (release),
            PRIMARY KEY (dataset, source)
        ) STRICT, WITHOUT ROWID""",
        # At most one entry per release: what was to be done before does not count any more.
        """CREATE TABLE outbox (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            kind TEXT NOT NULL,
            dataset TEXT NOT NULL,
            source TEXT NOT NULL,
            release TEXT NOT NULL UNIQUE
        ) STRICT""",
        """CREATE TABLE rejection (
            execution TEXT PRIMARY KEY,
            claim TEXT NOT NULL REFERENCES arrival (claim),
            fence INTEGER NOT NULL,
            rule TEXT NOT NULL,
            reason TEXT NOT NULL,
            rejected_at TEXT NOT NULL
        ) STRICT""",
        # What each rollback did, so that asking again after a lost answer does not go further back.
        """CREATE TABLE rollback (
            execution TEXT PRIMARY KEY,
            dataset TEXT NOT NULL,
            source TEXT NOT NULL,
            current TEXT,
            previous TEXT,
            withdrawn TEXT NOT NULL,
            rolled_back_at TEXT NOT NULL
        ) STRICT""",
    ),
    # A lease that is disowned cannot publish: what it wrote is being removed.
    ("ALTER TABLE lease ADD COLUMN disowned INTEGER NOT NULL DEFAULT 0",),
)
