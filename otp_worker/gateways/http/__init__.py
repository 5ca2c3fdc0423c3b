"""What comes with the libraries for HTTP: only a process that asks gateways imports it."""
