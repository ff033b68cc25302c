"""``waqiti reviews``: movements that people have to look at, and what they decide about them."""
