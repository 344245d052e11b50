-- Completions, the ledger of experience points, achievements. No foreign key to `tasks`: points outlive the task.

CREATE TABLE completions (
    id UUID NOT NULL PRIMARY KEY,
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    task_id UUID NOT NULL,
    occurrence TEXT NOT NULL,
    -- the person's own day, YYYY-MM-DD, that the points and the streak count for
    day TEXT NOT NULL,
    completed_at BIGINT NOT NULL,
    on_time BOOLEAN,
    -- everything `award` saw, canonical JSON; text in both databases because its bytes matter
    facts TEXT NOT NULL,
    state TEXT NOT NULL,
    plugin TEXT,
    plugin_version TEXT,
    digest TEXT,
    attempts BIGINT NOT NULL DEFAULT 0,
    claimed_by TEXT,
    claimed_until BIGINT,
    created_at BIGINT NOT NULL,
    scored_at BIGINT,
    reverted_at BIGINT
);
CREATE INDEX completions_user_idx ON completions (user_id, completed_at, id);
CREATE INDEX completions_task_idx ON completions (task_id);
CREATE INDEX completions_pending_idx ON completions (created_at) WHERE state = 'pending';

-- Append-only. `kind`: award, reversal, recompute:<n>.
CREATE TABLE xp_ledger (
    id UUID NOT NULL PRIMARY KEY,
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    completion_id UUID NOT NULL,
    task_id UUID NOT NULL,
    kind TEXT NOT NULL,
    points BIGINT NOT NULL,
    breakdown JSONB NOT NULL,
    day TEXT NOT NULL,
    plugin TEXT,
    plugin_version TEXT,
    digest TEXT,
    created_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX xp_ledger_completion_id_kind_key ON xp_ledger (completion_id, kind);
CREATE INDEX xp_ledger_user_idx ON xp_ledger (user_id, created_at, id);

-- The ledger and the completions folded by day, kept in the same transaction: tallies and streaks cost the number of
-- days, not of completions. Always derivable; `game::verify` compares.
CREATE TABLE user_days (
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    day TEXT NOT NULL,
    points BIGINT NOT NULL,
    completions BIGINT NOT NULL,
    PRIMARY KEY (user_id, day)
);

CREATE TABLE achievements (
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    achievement TEXT NOT NULL,
    completion_id UUID NOT NULL,
    plugin TEXT NOT NULL,
    unlocked_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, achievement)
);
