-- What a person wants to keep. A softly deleted memory keeps its row (a tombstone for clients that sync, and what a restore
-- brings back) until it is erased. The long columns stand last: what lists and searches read comes before them.

CREATE TABLE memories (
    -- counts up; the row of `memory_words`
    number BIGINT NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id UUID NOT NULL,
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- neither deleted nor superseded: only these are searched
    is_active BOOLEAN NOT NULL,
    source_type TEXT NOT NULL,
    source_id TEXT,
    importance DOUBLE PRECISION NOT NULL CHECK (importance BETWEEN 0 AND 1),
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    deleted_at BIGINT,
    -- the memory that took its place
    superseded_by UUID,
    access_count BIGINT NOT NULL DEFAULT 0,
    last_accessed_at BIGINT,
    version BIGINT NOT NULL DEFAULT 1,
    -- SHA-256 of the normalised content
    content_hash BYTEA NOT NULL,
    chunks BIGINT NOT NULL,
    -- words in title and content
    length BIGINT NOT NULL,
    -- how often which word: sorted pairs of four bytes of its key and two bytes of its count
    bag BYTEA NOT NULL,
    tags JSONB NOT NULL,
    metadata JSONB NOT NULL,
    title TEXT NOT NULL,
    content TEXT NOT NULL,
    -- title and content in lower case, so that looking for a text ignores case alike on both databases
    search_text TEXT NOT NULL
);
CREATE UNIQUE INDEX memories_id_key ON memories (id);
CREATE UNIQUE INDEX memories_user_id_content_hash_key ON memories (user_id, content_hash) WHERE is_active;
CREATE INDEX memories_user_number_idx ON memories (user_id, number);
CREATE INDEX memories_user_created_idx ON memories (user_id, created_at, id);
CREATE INDEX memories_user_updated_idx ON memories (user_id, updated_at, id);
CREATE INDEX memories_superseded_by_idx ON memories (superseded_by) WHERE superseded_by IS NOT NULL;

-- The pieces that have vectors. The text itself is a part of the memory's content.
CREATE TABLE memory_chunks (
    -- another text is another chunk, and another id
    id UUID NOT NULL PRIMARY KEY,
    memory_id UUID NOT NULL REFERENCES memories (id) ON DELETE CASCADE,
    position BIGINT NOT NULL,
    -- bytes of the content
    begins BIGINT NOT NULL,
    ends BIGINT NOT NULL,
    -- as estimated
    tokens BIGINT NOT NULL
);
CREATE UNIQUE INDEX memory_chunks_memory_id_position_key ON memory_chunks (memory_id, position);

-- A person's statistics, kept with every change; the row is also what writers of one person wait for.
CREATE TABLE memory_libraries (
    user_id UUID NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    -- active memories
    documents BIGINT NOT NULL DEFAULT 0,
    -- words in them
    words BIGINT NOT NULL DEFAULT 0,
    -- moves with every change
    generation BIGINT NOT NULL DEFAULT 0
);

-- Only one dialect below.
-- Which words stand in which active memory, as keys (a hash of person and word), so that every person has words of their own
-- and both databases find the same. The row is the memory's number.
CREATE TABLE memory_words (
    memory BIGINT NOT NULL PRIMARY KEY REFERENCES memories (number) ON DELETE CASCADE,
    words TSVECTOR NOT NULL
);
CREATE INDEX memory_words_words_idx ON memory_words USING gin (words);
