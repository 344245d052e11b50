-- Tokens of language models: what was spent on a day, and what is promised to calls that are under way.
CREATE TABLE llm_days (
    -- days since 1970-01-01, UTC
    day BIGINT PRIMARY KEY NOT NULL,
    -- by everybody together
    tokens BIGINT NOT NULL
);
CREATE TABLE llm_usage (
    day BIGINT NOT NULL,
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    tokens BIGINT NOT NULL,
    PRIMARY KEY (day, user_id)
);
CREATE TABLE llm_reservations (
    id UUID PRIMARY KEY NOT NULL,
    day BIGINT NOT NULL,
    -- absent: nobody's, a job's
    user_id UUID REFERENCES users (id) ON DELETE CASCADE,
    tokens BIGINT NOT NULL,
    -- what a host that died had reserved comes free then
    expires_at BIGINT NOT NULL
);
CREATE INDEX llm_reservations_day_idx ON llm_reservations (day, user_id);
