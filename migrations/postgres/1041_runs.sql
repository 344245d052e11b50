-- Answers while they are made: whoever lost the connection goes on from here, on any host.

CREATE TABLE runs (
    id UUID NOT NULL PRIMARY KEY,
    user_id UUID NOT NULL,
    conversation_id UUID NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    -- the id that the answer will have
    message_id UUID NOT NULL,
    -- the host that makes it; when its lease is over somebody else ends the run
    host UUID NOT NULL,
    state TEXT NOT NULL,
    cancel BOOLEAN NOT NULL DEFAULT FALSE,
    started_at BIGINT NOT NULL,
    ended_at BIGINT
);
CREATE INDEX runs_running_idx ON runs (host) WHERE ended_at IS NULL;
CREATE INDEX runs_ended_idx ON runs (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX runs_conversation_idx ON runs (conversation_id);

-- What a run told, in blocks without gaps: events `first` to `last`.
CREATE TABLE run_events (
    run_id UUID NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    first BIGINT NOT NULL,
    last BIGINT NOT NULL,
    -- [[kind, data], …]; text and not JSONB, which would refuse an escaped NUL
    events TEXT NOT NULL,
    PRIMARY KEY (run_id, first)
);
