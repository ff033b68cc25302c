"""The local cluster: init, supervisor, replicas and embedded PostgreSQL, on one machine and in one state directory."""
