-- People: accounts, passwords, roles, outside identities, the keys of programs.
-- Times are milliseconds since 1970 (UTC). `*_folded` is the lower-cased text (Unicode, done by the host) that makes
-- uniqueness blind to case in the same way on both databases.

CREATE TABLE users (
    id BLOB NOT NULL PRIMARY KEY,
    email TEXT,
    email_folded TEXT,
    username TEXT NOT NULL,
    username_folded TEXT NOT NULL,
    display_name TEXT NOT NULL,
    active INTEGER NOT NULL DEFAULT TRUE,
    timezone TEXT NOT NULL,
    locale TEXT NOT NULL,
    -- hour (0…23) of the local clock at which this person's day begins
    day_start INTEGER NOT NULL DEFAULT 0 CHECK (day_start BETWEEN 0 AND 23),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    last_login_at INTEGER,
    version INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE UNIQUE INDEX users_email_folded_key ON users (email_folded);
CREATE UNIQUE INDEX users_username_folded_key ON users (username_folded);
CREATE INDEX users_created_at_idx ON users (created_at, id);

-- apart from `users`, so that no read of an account ever carries the hash
CREATE TABLE passwords (
    user_id BLOB NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    hash TEXT NOT NULL,
    changed_at INTEGER NOT NULL
) STRICT;

CREATE TABLE user_roles (
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role TEXT NOT NULL,
    granted_at INTEGER NOT NULL,
    granted_by TEXT NOT NULL,
    PRIMARY KEY (user_id, role)
) STRICT;
CREATE INDEX user_roles_role_idx ON user_roles (role);

CREATE TABLE identities (
    id BLOB NOT NULL PRIMARY KEY,
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    provider TEXT NOT NULL,
    subject TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    last_used_at INTEGER
) STRICT;
CREATE UNIQUE INDEX identities_provider_subject_key ON identities (provider, subject);
CREATE INDEX identities_user_id_idx ON identities (user_id);

-- `mn_<id>_<secret>`; a key without an account is the operator's own
CREATE TABLE api_keys (
    id BLOB NOT NULL PRIMARY KEY,
    user_id BLOB REFERENCES users (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    secret_hash BLOB NOT NULL,
    scopes TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    last_used_at INTEGER,
    revoked_at INTEGER
) STRICT;
CREATE INDEX api_keys_user_id_idx ON api_keys (user_id);
