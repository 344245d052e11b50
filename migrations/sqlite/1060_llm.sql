-- Tokens of language models: what was spent on a day, and what is promised to calls that are under way.
CREATE TABLE llm_days (
    -- days since 1970-01-01, UTC
    day INTEGER PRIMARY KEY NOT NULL,
    -- by everybody together
    tokens INTEGER NOT NULL
) STRICT;
CREATE TABLE llm_usage (
    day INTEGER NOT NULL,
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    tokens INTEGER NOT NULL,
    PRIMARY KEY (day, user_id)
) STRICT;
CREATE TABLE llm_reservations (
    id BLOB PRIMARY KEY NOT NULL,
    day INTEGER NOT NULL,
    -- absent: nobody's, a job's
    user_id BLOB REFERENCES users (id) ON DELETE CASCADE,
    tokens INTEGER NOT NULL,
    -- what a host that died had reserved comes free then
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX llm_reservations_day_idx ON llm_reservations (day, user_id);
