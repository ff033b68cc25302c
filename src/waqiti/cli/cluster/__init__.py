"""``waqiti cluster``: deployments, their replicas and their revisions."""
