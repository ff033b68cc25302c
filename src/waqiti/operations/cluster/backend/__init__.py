"""The cluster of this machine as a backend: what operations ask of whatever runs the deployments, answered here."""
