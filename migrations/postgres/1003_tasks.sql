-- Tasks and what happened to them. A deleted task keeps its row (a tombstone for clients that sync) until it is erased.

CREATE TABLE tasks (
    id UUID NOT NULL PRIMARY KEY,
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    parent_id UUID REFERENCES tasks (id) ON DELETE CASCADE,
    title TEXT NOT NULL,
    description TEXT NOT NULL DEFAULT '',
    -- title and description in lower case, so that searching ignores case alike on both databases
    search_text TEXT NOT NULL,
    status TEXT NOT NULL,
    priority TEXT NOT NULL,
    quest_type TEXT NOT NULL,
    difficulty BIGINT NOT NULL CHECK (difficulty BETWEEN 1 AND 5),
    experience_points BIGINT NOT NULL DEFAULT 0,
    due_date BIGINT,
    start_date BIGINT,
    started_at BIGINT,
    completed_at BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    deleted_at BIGINT,
    estimated_duration_minutes BIGINT,
    actual_duration_minutes BIGINT,
    progress BIGINT NOT NULL DEFAULT 0 CHECK (progress BETWEEN 0 AND 100),
    tags JSONB NOT NULL,
    assignees JSONB NOT NULL,
    is_shared BOOLEAN NOT NULL DEFAULT FALSE,
    value_impact JSONB NOT NULL,
    requires_all_complete BOOLEAN NOT NULL DEFAULT FALSE,
    recurrence JSONB,
    series_id UUID,
    next_due BIGINT,
    metadata JSONB NOT NULL,
    -- the completion that stands; NULL unless completed
    completion_id UUID,
    version BIGINT NOT NULL DEFAULT 1
);
CREATE INDEX tasks_user_created_idx ON tasks (user_id, created_at, id);
CREATE INDEX tasks_user_updated_idx ON tasks (user_id, updated_at, id);
CREATE INDEX tasks_user_due_idx ON tasks (user_id, due_date) WHERE due_date IS NOT NULL;
CREATE INDEX tasks_parent_idx ON tasks (parent_id) WHERE parent_id IS NOT NULL;

CREATE TABLE task_logs (
    id UUID NOT NULL PRIMARY KEY,
    task_id UUID NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    user_id UUID NOT NULL,
    kind TEXT NOT NULL,
    message TEXT NOT NULL,
    metadata JSONB NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX task_logs_task_idx ON task_logs (task_id, created_at, id);
