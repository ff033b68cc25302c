"""What the edge does: forward, look after the health of all, and gather the API document."""
