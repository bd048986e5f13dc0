"""`brain-tumor serve`: the classifier behind HTTP, for programs on the same computer or behind a proxy."""
