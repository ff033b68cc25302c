"""The rules of the books: pure, without I/O or clock."""
