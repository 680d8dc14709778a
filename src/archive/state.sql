CREATE TABLE packs (
    number INTEGER PRIMARY KEY,
    documents INTEGER NOT NULL
);
CREATE TABLE documents (
    hash TEXT PRIMARY KEY,
    registry TEXT NOT NULL,
    source TEXT NOT NULL,
    path TEXT NOT NULL,
    observed_at INTEGER NOT NULL,
    revision INTEGER,
    length INTEGER NOT NULL,
    pack INTEGER NOT NULL REFERENCES packs (number),
    offset INTEGER NOT NULL,
    packed INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE addresses (
    source TEXT NOT NULL,
    path TEXT NOT NULL,
    hash TEXT,
    etag TEXT,
    seen_at INTEGER NOT NULL,
    stale INTEGER NOT NULL,
    gone_at INTEGER,
    PRIMARY KEY (source, path)
) WITHOUT ROWID;
CREATE TABLE owed (
    source TEXT NOT NULL,
    path TEXT NOT NULL,
    package TEXT NOT NULL,
    asked_at INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (source, path)
) WITHOUT ROWID;
CREATE INDEX owed_by_package ON owed (source, package, asked_at);
CREATE TABLE cursors (
    feed TEXT PRIMARY KEY,
    position INTEGER NOT NULL,
    at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE journal (
    source TEXT NOT NULL,
    position INTEGER NOT NULL,
    package TEXT NOT NULL,
    at INTEGER NOT NULL,
    action TEXT NOT NULL,
    PRIMARY KEY (source, position, package, action)
) WITHOUT ROWID;
CREATE INDEX journal_by_package ON journal (source, package, position);
CREATE TABLE journals (
    source TEXT PRIMARY KEY,
    since INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE watched (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('package', 'maintainer')),
    registry TEXT NOT NULL,
    name TEXT NOT NULL,
    UNIQUE (kind, registry, name)
);
CREATE TABLE wants (
    watched INTEGER NOT NULL REFERENCES watched (id) ON DELETE CASCADE,
    project TEXT NOT NULL,
    origin TEXT NOT NULL,
    version TEXT NOT NULL,
    PRIMARY KEY (watched, project, origin, version)
) WITHOUT ROWID;
