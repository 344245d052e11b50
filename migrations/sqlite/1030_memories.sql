-- What a person wants to keep. A softly deleted memory keeps its row (a tombstone for clients that sync, and what a restore
-- brings back) until it is erased. The long columns stand last: what lists and searches read comes before them.

CREATE TABLE memories (
    -- counts up; the row of `memory_words`
    number INTEGER NOT NULL PRIMARY KEY,
    id BLOB NOT NULL,
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- neither deleted nor superseded: only these are searched
    is_active INTEGER NOT NULL,
    source_type TEXT NOT NULL,
    source_id TEXT,
    importance REAL NOT NULL CHECK (importance BETWEEN 0 AND 1),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER,
    -- the memory that took its place
    superseded_by BLOB,
    access_count INTEGER NOT NULL DEFAULT 0,
    last_accessed_at INTEGER,
    version INTEGER NOT NULL DEFAULT 1,
    -- SHA-256 of the normalised content
    content_hash BLOB NOT NULL,
    chunks INTEGER NOT NULL,
    -- words in title and content
    length INTEGER NOT NULL,
    -- how often which word: sorted pairs of four bytes of its key and two bytes of its count
    bag BLOB NOT NULL,
    tags TEXT NOT NULL,
    metadata TEXT NOT NULL,
    title TEXT NOT NULL,
    content TEXT NOT NULL,
    -- title and content in lower case, so that looking for a text ignores case alike on both databases
    search_text TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX memories_id_key ON memories (id);
CREATE UNIQUE INDEX memories_user_id_content_hash_key ON memories (user_id, content_hash) WHERE is_active;
CREATE INDEX memories_user_number_idx ON memories (user_id, number);
CREATE INDEX memories_user_created_idx ON memories (user_id, created_at, id);
CREATE INDEX memories_user_updated_idx ON memories (user_id, updated_at, id);
CREATE INDEX memories_superseded_by_idx ON memories (superseded_by) WHERE superseded_by IS NOT NULL;

-- The pieces that have vectors. The text itself is a part of the memory's content.
CREATE TABLE memory_chunks (
    -- another text is another chunk, and another id
    id BLOB NOT NULL PRIMARY KEY,
    memory_id BLOB NOT NULL REFERENCES memories (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    -- bytes of the content
    begins INTEGER NOT NULL,
    ends INTEGER NOT NULL,
    -- as estimated
    tokens INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX memory_chunks_memory_id_position_key ON memory_chunks (memory_id, position);

-- A person's statistics, kept with every change; the row is also what writers of one person wait for.
CREATE TABLE memory_libraries (
    user_id BLOB NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    -- active memories
    documents INTEGER NOT NULL DEFAULT 0,
    -- words in them
    words INTEGER NOT NULL DEFAULT 0,
    -- moves with every change
    generation INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Only one dialect below.
-- Which words stand in which active memory, as keys (a hash of person and word), so that every person has words of their own
-- and both databases find the same. The row is the memory's number.
CREATE VIRTUAL TABLE memory_words USING fts5 (words, content = '', contentless_delete = 1, detail = 'none', tokenize = 'ascii');
-- Runs for memories that go with their user too.
CREATE TRIGGER memories_words_trigger AFTER DELETE ON memories BEGIN
    DELETE FROM memory_words WHERE rowid = old.number;
END;
