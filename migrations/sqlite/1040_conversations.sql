-- Conversations and what was said in them. A deleted conversation keeps its row without its words (a tombstone for clients
-- that sync); its messages and runs are gone.

CREATE TABLE conversations (
    id BLOB NOT NULL PRIMARY KEY,
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    title TEXT NOT NULL,
    -- the title in lower case, so that searching ignores case alike on both databases
    search_text TEXT NOT NULL,
    -- who must answer, by the person's word; NULL = whoever suits best
    persona TEXT,
    -- who answered last
    last_persona TEXT,
    message_count INTEGER NOT NULL DEFAULT 0,
    -- grows only: the place of the next message
    next_place INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER,
    version INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE INDEX conversations_user_updated_idx ON conversations (user_id, updated_at, id);

CREATE TABLE messages (
    id BLOB NOT NULL PRIMARY KEY,
    conversation_id BLOB NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    user_id BLOB NOT NULL,
    place INTEGER NOT NULL,
    role TEXT NOT NULL,
    content TEXT NOT NULL,
    search_text TEXT NOT NULL,
    -- of an answer: who gave it, from what, at what cost; NULL for the person's own
    persona TEXT,
    plugin TEXT,
    plugin_version TEXT,
    digest TEXT,
    memories_used TEXT NOT NULL,
    model TEXT,
    prompt_tokens INTEGER NOT NULL DEFAULT 0,
    completion_tokens INTEGER NOT NULL DEFAULT 0,
    duration_ms INTEGER NOT NULL DEFAULT 0,
    degraded INTEGER NOT NULL DEFAULT FALSE,
    context TEXT,
    created_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX messages_conversation_id_place_key ON messages (conversation_id, place);
