"""Doors for other people's programs: each is a guest of the client, and imports nothing else of ours."""
