-- Answers while they are made: whoever lost the connection goes on from here, on any host.

CREATE TABLE runs (
    id BLOB NOT NULL PRIMARY KEY,
    user_id BLOB NOT NULL,
    conversation_id BLOB NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    -- the id that the answer will have
    message_id BLOB NOT NULL,
    -- the host that makes it; when its lease is over somebody else ends the run
    host BLOB NOT NULL,
    state TEXT NOT NULL,
    cancel INTEGER NOT NULL DEFAULT FALSE,
    started_at INTEGER NOT NULL,
    ended_at INTEGER
) STRICT;
CREATE INDEX runs_running_idx ON runs (host) WHERE ended_at IS NULL;
CREATE INDEX runs_ended_idx ON runs (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX runs_conversation_idx ON runs (conversation_id);

-- What a run told, in blocks without gaps: events `first` to `last`.
CREATE TABLE run_events (
    run_id BLOB NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    -- [[kind, data], …]; text and not JSONB, which would refuse an escaped NUL
    events TEXT NOT NULL,
    PRIMARY KEY (run_id, first)
) STRICT;
