"""Facts: typed reads of a platform, each within a time limit, straight from where the truth is; no service is asked."""
