-- Plugins, their revisions, and which revision serves which slot. The database is the truth; hosts follow the generation.

CREATE TABLE plugins (
    name TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    summary TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

-- Component bytes by SHA-256.
CREATE TABLE blobs (
    digest TEXT NOT NULL PRIMARY KEY,
    size INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE revisions (
    id BLOB NOT NULL PRIMARY KEY,
    plugin TEXT NOT NULL REFERENCES plugins (name),
    version TEXT NOT NULL,
    digest TEXT NOT NULL REFERENCES blobs (digest),
    kind TEXT NOT NULL,
    size INTEGER NOT NULL,
    manifest TEXT NOT NULL,
    imports TEXT NOT NULL,
    needs TEXT NOT NULL,
    needs_hash TEXT NOT NULL,
    verdicts TEXT NOT NULL,
    state TEXT NOT NULL,
    -- the needs hash an operator (or the rule "not wider than the live one") accepted; NULL = held
    approved_hash TEXT,
    approved_by TEXT,
    approved_at INTEGER,
    bundled INTEGER NOT NULL,
    -- a version that ends in -dev may come again with other bytes
    development INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX revisions_plugin_version_key ON revisions (plugin, version) WHERE NOT development;
CREATE UNIQUE INDEX revisions_plugin_version_digest_key ON revisions (plugin, version, digest);
CREATE INDEX revisions_digest_idx ON revisions (digest);

-- One row a slot; every change of its bindings, config or secrets is a compare-and-set on `generation`.
CREATE TABLE slots (
    slot TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    generation INTEGER NOT NULL,
    config TEXT NOT NULL,
    secrets TEXT NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE bindings (
    slot TEXT NOT NULL REFERENCES slots (slot),
    mode TEXT NOT NULL,
    revision_id BLOB NOT NULL REFERENCES revisions (id),
    percent INTEGER,
    bound_at INTEGER NOT NULL,
    PRIMARY KEY (slot, mode)
) STRICT;
CREATE INDEX bindings_revision_idx ON bindings (revision_id);

-- What a slot was after each change, so that a rollback is one row.
CREATE TABLE binding_history (
    slot TEXT NOT NULL,
    generation INTEGER NOT NULL,
    action TEXT NOT NULL,
    bindings TEXT NOT NULL,
    config TEXT NOT NULL,
    secrets TEXT NOT NULL,
    actor TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (slot, generation)
) STRICT;

-- What an operator lets a plugin do, where that is narrower than what it asked for.
CREATE TABLE plugin_grants (
    plugin TEXT NOT NULL PRIMARY KEY,
    policy TEXT NOT NULL,
    version INTEGER NOT NULL DEFAULT 1,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL
) STRICT;

CREATE TABLE blocked_digests (
    digest TEXT NOT NULL PRIMARY KEY,
    plugin TEXT NOT NULL,
    reason TEXT NOT NULL,
    blocked_at INTEGER NOT NULL,
    blocked_by TEXT NOT NULL
) STRICT;

-- A plugin's own data; `user_id` is all zeros where the data belongs to no person.
CREATE TABLE plugin_kv (
    plugin TEXT NOT NULL,
    user_id BLOB NOT NULL,
    key BLOB NOT NULL,
    value BLOB NOT NULL,
    version INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    expires_at INTEGER,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (plugin, user_id, key)
) STRICT;
CREATE INDEX plugin_kv_user_idx ON plugin_kv (user_id);
CREATE INDEX plugin_kv_expires_idx ON plugin_kv (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE call_records (
    id BLOB NOT NULL PRIMARY KEY,
    slot TEXT NOT NULL,
    plugin TEXT NOT NULL,
    plugin_version TEXT NOT NULL,
    digest TEXT NOT NULL,
    generation INTEGER NOT NULL,
    export TEXT NOT NULL,
    outcome TEXT NOT NULL,
    code TEXT,
    detail TEXT,
    cpu_us INTEGER NOT NULL,
    wall_us INTEGER NOT NULL,
    memory_bytes INTEGER NOT NULL,
    host_calls INTEGER NOT NULL,
    grant_hash TEXT NOT NULL,
    user_id BLOB,
    request_id TEXT,
    logs TEXT,
    -- for rehearsal: the encrypted recording, expiring
    recording BLOB,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX call_records_slot_idx ON call_records (slot, created_at, id);
CREATE INDEX call_records_created_idx ON call_records (created_at, id);
CREATE INDEX call_records_user_idx ON call_records (user_id) WHERE user_id IS NOT NULL;
