CREATE TABLE nights (
    number INTEGER PRIMARY KEY,
    begun_at INTEGER NOT NULL,
    ended_at INTEGER,
    as_of INTEGER,
    publishes INTEGER NOT NULL DEFAULT 0,
    alerts INTEGER NOT NULL DEFAULT 0,
    report TEXT
);
CREATE TABLE taken (
    release INTEGER PRIMARY KEY,
    night INTEGER NOT NULL
);
CREATE TABLE outbox (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL UNIQUE,
    night INTEGER NOT NULL,
    channel TEXT NOT NULL,
    parent TEXT,
    payload BLOB NOT NULL,
    made_at INTEGER NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    tried_at INTEGER,
    failure TEXT,
    ended_at INTEGER,
    receipt TEXT
);
CREATE INDEX outbox_waiting ON outbox (ended_at, position);
CREATE TABLE told (
    channel TEXT NOT NULL,
    finding TEXT NOT NULL,
    message TEXT NOT NULL,
    raised INTEGER NOT NULL,
    PRIMARY KEY (channel, finding)
) WITHOUT ROWID;
