"""What runs below the commands: init, the supervisor, and how it keeps deployments, replicas and their processes."""
