"""ml-service: the registry of models, which of them is in force, and its push to whoever serves it."""
