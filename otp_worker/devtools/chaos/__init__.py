"""The chaos run: the whole service under load and faults, and an account of what became of each request."""
