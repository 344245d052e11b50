-- Which spaces a shelf's vectors have, without reading them: for counts, and for what is not of a space yet.
CREATE INDEX vectors_space_idx ON vectors (shelf, model, dimension);
