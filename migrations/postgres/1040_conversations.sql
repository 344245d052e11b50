-- Conversations and what was said in them. A deleted conversation keeps its row without its words (a tombstone for clients
-- that sync); its messages and runs are gone.

CREATE TABLE conversations (
    id UUID NOT NULL PRIMARY KEY,
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    title TEXT NOT NULL,
    -- the title in lower case, so that searching ignores case alike on both databases
    search_text TEXT NOT NULL,
    -- who must answer, by the person's word; NULL = whoever suits best
    persona TEXT,
    -- who answered last
    last_persona TEXT,
    message_count BIGINT NOT NULL DEFAULT 0,
    -- grows only: the place of the next message
    next_place BIGINT NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    deleted_at BIGINT,
    version BIGINT NOT NULL DEFAULT 1
);
CREATE INDEX conversations_user_updated_idx ON conversations (user_id, updated_at, id);

CREATE TABLE messages (
    id UUID NOT NULL PRIMARY KEY,
    conversation_id UUID NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    user_id UUID NOT NULL,
    place BIGINT NOT NULL,
    role TEXT NOT NULL,
    content TEXT NOT NULL,
    search_text TEXT NOT NULL,
    -- of an answer: who gave it, from what, at what cost; NULL for the person's own
    persona TEXT,
    plugin TEXT,
    plugin_version TEXT,
    digest TEXT,
    memories_used JSONB NOT NULL,
    model TEXT,
    prompt_tokens BIGINT NOT NULL DEFAULT 0,
    completion_tokens BIGINT NOT NULL DEFAULT 0,
    duration_ms BIGINT NOT NULL DEFAULT 0,
    degraded BOOLEAN NOT NULL DEFAULT FALSE,
    context JSONB,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX messages_conversation_id_place_key ON messages (conversation_id, place);
