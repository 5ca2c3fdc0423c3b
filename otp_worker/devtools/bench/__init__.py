"""The bench: what the service is fast at and what not, each figure beside its floor from the same run."""
