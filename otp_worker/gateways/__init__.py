"""The gateways, one file each."""
