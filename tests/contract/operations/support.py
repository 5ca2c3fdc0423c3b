"""What support shares with the service."""

import base64

SECRET = base64.b64encode(b"the secret that support knows too").decode()
"""Of its webhook."""
