"""Pure rules of the edge: where a path leads, and how often a key may ask."""
