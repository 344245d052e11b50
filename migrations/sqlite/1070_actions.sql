-- What plugins did for people, with the people's own permissions: one row an action, refused ones too. Never its arguments:
-- they are in what was made.
CREATE TABLE actions (
    id BLOB NOT NULL PRIMARY KEY,
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    plugin TEXT NOT NULL,
    slot TEXT NOT NULL,
    call_id BLOB NOT NULL,
    request_id TEXT NOT NULL,
    -- as grants name it: tasks.create
    operation TEXT NOT NULL,
    -- the task or memory that it was about, if it was about one
    subject BLOB,
    -- ok, or the contract's word for the refusal: not-found
    outcome TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX actions_user_idx ON actions (user_id, created_at, id);
