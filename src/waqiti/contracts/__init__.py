"""The words that services speak to each other: bodies, events, codes and one typed client per service."""
