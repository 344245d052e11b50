-- How somebody wishes to be spoken to, and by whom. No row: nothing was said yet.
CREATE TABLE persona_settings (
    user_id UUID NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    -- whom the person chose; NULL = whoever suits each message
    active_persona TEXT,
    -- {"primary_tradition": …}; NULL = the person has not told
    worldview JSONB,
    -- counts the changes of the worldview
    version BIGINT NOT NULL DEFAULT 0,
    updated_at BIGINT NOT NULL
);

-- Each time somebody chose another one.
CREATE TABLE persona_switches (
    id UUID NOT NULL PRIMARY KEY,
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- NULL = whoever suits each message
    mode TEXT,
    previous_mode TEXT,
    reason TEXT,
    created_at BIGINT NOT NULL
);
CREATE INDEX persona_switches_user_idx ON persona_switches (user_id, created_at, id);
