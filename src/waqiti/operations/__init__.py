"""Running the platform: the local cluster and, above it, what operators do."""
