"""Routes of the edge."""
