-- Memories whose vectors are still to be made: written with the memory, removed with its vectors' arrival.
CREATE TABLE embedding_outbox (
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    memory_id UUID NOT NULL,
    -- changes with the text: an embedding of an older one is dropped
    revision UUID NOT NULL,
    -- [{"id": …, "text": …}]
    chunks JSONB NOT NULL,
    enqueued_at BIGINT NOT NULL,
    run_at BIGINT NOT NULL,
    attempts BIGINT NOT NULL DEFAULT 0,
    -- who embeds it now, and until when others leave it alone
    claimed_by TEXT,
    claimed_until BIGINT,
    last_error TEXT,
    PRIMARY KEY (user_id, memory_id)
);
CREATE INDEX embedding_outbox_due_idx ON embedding_outbox (run_at);
