-- What keeps the host honest and its replicas apart.

CREATE TABLE settings (
    name TEXT NOT NULL PRIMARY KEY,
    value JSONB NOT NULL,
    updated_at BIGINT NOT NULL
);

-- Numbers that only grow: `routing` moves with every change of what serves.
CREATE TABLE counters (
    name TEXT NOT NULL PRIMARY KEY,
    value BIGINT NOT NULL
);
INSERT INTO counters (name, value) VALUES ('routing', 0);

-- Hash chain: hash = sha256(previous ‖ canonical row). `audit_tail` is the one row to lock before appending.
CREATE TABLE audit (
    seq BIGINT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    target TEXT NOT NULL,
    detail TEXT NOT NULL,
    request_id TEXT,
    hash BYTEA NOT NULL
);
CREATE TABLE audit_tail (
    id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    seq BIGINT NOT NULL,
    hash BYTEA NOT NULL
);

CREATE TABLE idempotency_keys (
    principal TEXT NOT NULL,
    key TEXT NOT NULL,
    request_hash BYTEA NOT NULL,
    -- running until finished; a running row older than `lease_until` belongs to a dead request
    state TEXT NOT NULL,
    lease_until BIGINT NOT NULL,
    status BIGINT,
    headers JSONB,
    body BYTEA,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (principal, key)
);
CREATE INDEX idempotency_keys_expires_idx ON idempotency_keys (expires_at);

CREATE TABLE jobs (
    id UUID NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    -- at most one unfinished job of a kind with the same value
    dedup TEXT,
    payload JSONB NOT NULL,
    state TEXT NOT NULL,
    run_at BIGINT NOT NULL,
    attempts BIGINT NOT NULL DEFAULT 0,
    claimed_by TEXT,
    claimed_until BIGINT,
    result JSONB,
    error TEXT,
    created_at BIGINT NOT NULL,
    finished_at BIGINT
);
CREATE UNIQUE INDEX jobs_kind_dedup_key ON jobs (kind, dedup) WHERE finished_at IS NULL AND dedup IS NOT NULL;
CREATE INDEX jobs_due_idx ON jobs (run_at) WHERE finished_at IS NULL;

-- Named leases: who may run a periodic job now.
CREATE TABLE leases (
    name TEXT NOT NULL PRIMARY KEY,
    holder TEXT NOT NULL,
    expires_at BIGINT NOT NULL
);

-- Each host reports the routing generation that it serves.
CREATE TABLE replicas (
    id UUID NOT NULL PRIMARY KEY,
    generation BIGINT NOT NULL,
    started_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL
);
