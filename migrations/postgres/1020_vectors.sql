-- Vectors by shelf: one shelf holds one collection of one owner. The rows are the truth; hosts keep indexes of them in
-- memory and compare generations.

CREATE TABLE vector_shelves (
    id UUID NOT NULL PRIMARY KEY,
    -- empty: the platform's own
    plugin TEXT NOT NULL,
    -- all zeros: nobody's
    user_id UUID NOT NULL,
    collection TEXT NOT NULL,
    -- moves with every change; rows carry the one that wrote them
    generation BIGINT NOT NULL,
    -- the last generation that removed something
    removed BIGINT NOT NULL
);
CREATE UNIQUE INDEX vector_shelves_plugin_user_id_collection_key ON vector_shelves (plugin, user_id, collection);
CREATE INDEX vector_shelves_user_idx ON vector_shelves (user_id);

CREATE TABLE vectors (
    shelf UUID NOT NULL REFERENCES vector_shelves (id) ON DELETE CASCADE,
    -- the space: vectors of two are never compared
    model TEXT NOT NULL,
    dimension BIGINT NOT NULL,
    item TEXT NOT NULL,
    -- what the item is a part of, such as the memory of a chunk
    parent UUID,
    -- SHA-256 of the text it was made of, where the host made it: the same text costs one call of a model, and the cache
    -- is gone with the last row
    hash BYTEA,
    -- 32-bit floats, little-endian
    vector BYTEA NOT NULL,
    metadata JSONB NOT NULL,
    generation BIGINT NOT NULL,
    PRIMARY KEY (shelf, item, model, dimension)
);
CREATE INDEX vectors_generation_idx ON vectors (shelf, generation, item);
CREATE INDEX vectors_parent_idx ON vectors (shelf, parent) WHERE parent IS NOT NULL;
CREATE INDEX vectors_hash_idx ON vectors (hash) WHERE hash IS NOT NULL;

-- The text of plugins' text items: the host embeds it anew when the space changes.
CREATE TABLE vector_texts (
    shelf UUID NOT NULL REFERENCES vector_shelves (id) ON DELETE CASCADE,
    item TEXT NOT NULL,
    text TEXT NOT NULL,
    metadata JSONB NOT NULL,
    PRIMARY KEY (shelf, item)
);
