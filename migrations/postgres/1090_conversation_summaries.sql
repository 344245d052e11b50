-- What a model wrote of the older part of a conversation, so that a persona need not read all of it. It goes with the words.

CREATE TABLE conversation_summaries (
    conversation_id UUID NOT NULL PRIMARY KEY REFERENCES conversations (id) ON DELETE CASCADE,
    -- messages before this place are in it
    place BIGINT NOT NULL,
    summary TEXT NOT NULL
);
