"""Processes that we start, watch and end; their ports, their locks, and an embedded broker."""
