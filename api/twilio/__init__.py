"""Twilio's shape of what ``/v1`` does: requests and answers are translated, and nothing is decided.

Facts of that shape: Twilio's own reference of Verify v2 and of Messages, and its client for Python.
"""
