-- Memories whose vectors are still to be made: written with the memory, removed with its vectors' arrival.
CREATE TABLE embedding_outbox (
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    memory_id BLOB NOT NULL,
    -- changes with the text: an embedding of an older one is dropped
    revision BLOB NOT NULL,
    -- [{"id": …, "text": …}]
    chunks TEXT NOT NULL,
    enqueued_at INTEGER NOT NULL,
    run_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    -- who embeds it now, and until when others leave it alone
    claimed_by TEXT,
    claimed_until INTEGER,
    last_error TEXT,
    PRIMARY KEY (user_id, memory_id)
) STRICT;
CREATE INDEX embedding_outbox_due_idx ON embedding_outbox (run_at);
