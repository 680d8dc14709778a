CREATE TABLE logs (
    log TEXT PRIMARY KEY,
    kept TEXT NOT NULL,
    seen_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE log_entries (
    log TEXT NOT NULL,
    uuid TEXT NOT NULL,
    entry BLOB NOT NULL,
    seen_at INTEGER NOT NULL,
    PRIMARY KEY (log, uuid)
) WITHOUT ROWID;
CREATE TABLE log_findings (
    log TEXT NOT NULL,
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    sentence TEXT NOT NULL,
    remedy TEXT NOT NULL,
    first_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    PRIMARY KEY (log, id)
) WITHOUT ROWID;
CREATE TABLE tokens (
    id TEXT PRIMARY KEY,
    token TEXT NOT NULL,
    imported_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE token_uses (
    id TEXT PRIMARY KEY,
    at INTEGER NOT NULL,
    used TEXT NOT NULL
) WITHOUT ROWID;
