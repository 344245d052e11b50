-- Plugins, their revisions, and which revision serves which slot. The database is the truth; hosts follow the generation.

CREATE TABLE plugins (
    name TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    summary TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

-- Component bytes by SHA-256.
CREATE TABLE blobs (
    digest TEXT NOT NULL PRIMARY KEY,
    size BIGINT NOT NULL,
    bytes BYTEA NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE revisions (
    id UUID NOT NULL PRIMARY KEY,
    plugin TEXT NOT NULL REFERENCES plugins (name),
    version TEXT NOT NULL,
    digest TEXT NOT NULL REFERENCES blobs (digest),
    kind TEXT NOT NULL,
    size BIGINT NOT NULL,
    manifest JSONB NOT NULL,
    imports JSONB NOT NULL,
    needs JSONB NOT NULL,
    needs_hash TEXT NOT NULL,
    verdicts JSONB NOT NULL,
    state TEXT NOT NULL,
    -- the needs hash an operator (or the rule "not wider than the live one") accepted; NULL = held
    approved_hash TEXT,
    approved_by TEXT,
    approved_at BIGINT,
    bundled BOOLEAN NOT NULL,
    -- a version that ends in -dev may come again with other bytes
    development BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    created_by TEXT NOT NULL
);
CREATE UNIQUE INDEX revisions_plugin_version_key ON revisions (plugin, version) WHERE NOT development;
CREATE UNIQUE INDEX revisions_plugin_version_digest_key ON revisions (plugin, version, digest);
CREATE INDEX revisions_digest_idx ON revisions (digest);

-- One row a slot; every change of its bindings, config or secrets is a compare-and-set on `generation`.
CREATE TABLE slots (
    slot TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    generation BIGINT NOT NULL,
    config JSONB NOT NULL,
    secrets JSONB NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE bindings (
    slot TEXT NOT NULL REFERENCES slots (slot),
    mode TEXT NOT NULL,
    revision_id UUID NOT NULL REFERENCES revisions (id),
    percent BIGINT,
    bound_at BIGINT NOT NULL,
    PRIMARY KEY (slot, mode)
);
CREATE INDEX bindings_revision_idx ON bindings (revision_id);

-- What a slot was after each change, so that a rollback is one row.
CREATE TABLE binding_history (
    slot TEXT NOT NULL,
    generation BIGINT NOT NULL,
    action TEXT NOT NULL,
    bindings JSONB NOT NULL,
    config JSONB NOT NULL,
    secrets JSONB NOT NULL,
    actor TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (slot, generation)
);

-- What an operator lets a plugin do, where that is narrower than what it asked for.
CREATE TABLE plugin_grants (
    plugin TEXT NOT NULL PRIMARY KEY,
    policy JSONB NOT NULL,
    version BIGINT NOT NULL DEFAULT 1,
    updated_at BIGINT NOT NULL,
    updated_by TEXT NOT NULL
);

CREATE TABLE blocked_digests (
    digest TEXT NOT NULL PRIMARY KEY,
    plugin TEXT NOT NULL,
    reason TEXT NOT NULL,
    blocked_at BIGINT NOT NULL,
    blocked_by TEXT NOT NULL
);

-- A plugin's own data; `user_id` is all zeros where the data belongs to no person.
CREATE TABLE plugin_kv (
    plugin TEXT NOT NULL,
    user_id UUID NOT NULL,
    key BYTEA NOT NULL,
    value BYTEA NOT NULL,
    version BIGINT NOT NULL,
    bytes BIGINT NOT NULL,
    expires_at BIGINT,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (plugin, user_id, key)
);
CREATE INDEX plugin_kv_user_idx ON plugin_kv (user_id);
CREATE INDEX plugin_kv_expires_idx ON plugin_kv (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE call_records (
    id UUID NOT NULL PRIMARY KEY,
    slot TEXT NOT NULL,
    plugin TEXT NOT NULL,
    plugin_version TEXT NOT NULL,
    digest TEXT NOT NULL,
    generation BIGINT NOT NULL,
    export TEXT NOT NULL,
    outcome TEXT NOT NULL,
    code TEXT,
    detail TEXT,
    cpu_us BIGINT NOT NULL,
    wall_us BIGINT NOT NULL,
    memory_bytes BIGINT NOT NULL,
    host_calls BIGINT NOT NULL,
    grant_hash TEXT NOT NULL,
    user_id UUID,
    request_id TEXT,
    logs JSONB,
    -- for rehearsal: the encrypted recording, expiring
    recording BYTEA,
    created_at BIGINT NOT NULL
);
CREATE INDEX call_records_slot_idx ON call_records (slot, created_at, id);
CREATE INDEX call_records_created_idx ON call_records (created_at, id);
CREATE INDEX call_records_user_idx ON call_records (user_id) WHERE user_id IS NOT NULL;
