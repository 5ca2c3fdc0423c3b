"""SMTP: what only a process imports that hands e-mail in, and the server that all know."""
