"""The bench: what the service is fast at and what not, each figure beside its baseline from the same run."""
