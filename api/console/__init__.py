"""The console: pages for operators, in a process of its own, behind a login."""
