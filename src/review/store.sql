CREATE TABLE verdicts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    registry TEXT NOT NULL CHECK (registry <> ''),
    package TEXT NOT NULL CHECK (package <> ''),
    version TEXT NOT NULL CHECK (version <> ''),
    verdict TEXT NOT NULL CHECK (verdict IN ('benign', 'malicious', 'unsure')),
    reason TEXT NOT NULL CHECK (trim(reason) <> ''),
    reviewer TEXT NOT NULL CHECK (trim(reviewer) <> ''),
    at INTEGER NOT NULL
) STRICT;
CREATE TRIGGER verdicts_stay BEFORE DELETE ON verdicts
BEGIN SELECT raise(ABORT, 'verdicts are never deleted: record another one'); END;
CREATE TRIGGER verdicts_keep_their_words BEFORE UPDATE ON verdicts
BEGIN SELECT raise(ABORT, 'verdicts are never changed: record another one'); END;
-- A replacing insert deletes without asking the trigger on deletes.
CREATE TRIGGER verdicts_keep_their_place BEFORE INSERT ON verdicts
WHEN EXISTS (SELECT 1 FROM verdicts WHERE id = NEW.id)
BEGIN SELECT raise(ABORT, 'verdicts are never replaced: record another one'); END;
