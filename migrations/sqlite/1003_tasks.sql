-- Tasks and what happened to them. A deleted task keeps its row (a tombstone for clients that sync) until it is erased.

CREATE TABLE tasks (
    id BLOB NOT NULL PRIMARY KEY,
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    parent_id BLOB REFERENCES tasks (id) ON DELETE CASCADE,
    title TEXT NOT NULL,
    description TEXT NOT NULL DEFAULT '',
    -- title and description in lower case, so that searching ignores case alike on both databases
    search_text TEXT NOT NULL,
    status TEXT NOT NULL,
    priority TEXT NOT NULL,
    quest_type TEXT NOT NULL,
    difficulty INTEGER NOT NULL CHECK (difficulty BETWEEN 1 AND 5),
    experience_points INTEGER NOT NULL DEFAULT 0,
    due_date INTEGER,
    start_date INTEGER,
    started_at INTEGER,
    completed_at INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER,
    estimated_duration_minutes INTEGER,
    actual_duration_minutes INTEGER,
    progress INTEGER NOT NULL DEFAULT 0 CHECK (progress BETWEEN 0 AND 100),
    tags TEXT NOT NULL,
    assignees TEXT NOT NULL,
    is_shared INTEGER NOT NULL DEFAULT FALSE,
    value_impact TEXT NOT NULL,
    requires_all_complete INTEGER NOT NULL DEFAULT FALSE,
    recurrence TEXT,
    series_id BLOB,
    next_due INTEGER,
    metadata TEXT NOT NULL,
    -- the completion that stands; NULL unless completed
    completion_id BLOB,
    version INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE INDEX tasks_user_created_idx ON tasks (user_id, created_at, id);
CREATE INDEX tasks_user_updated_idx ON tasks (user_id, updated_at, id);
CREATE INDEX tasks_user_due_idx ON tasks (user_id, due_date) WHERE due_date IS NOT NULL;
CREATE INDEX tasks_parent_idx ON tasks (parent_id) WHERE parent_id IS NOT NULL;

CREATE TABLE task_logs (
    id BLOB NOT NULL PRIMARY KEY,
    task_id BLOB NOT NULL REFERENCES tasks (id) ON DELETE CASCADE,
    user_id BLOB NOT NULL,
    kind TEXT NOT NULL,
    message TEXT NOT NULL,
    metadata TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX task_logs_task_idx ON task_logs (task_id, created_at, id);
