"""A simulated phone gateway, for rehearsals without a phone.

`profiles` holds what the real gateways answer too; `control.py` and the page are the simulator's own.
"""

from .knobs import Knobs
from .messages import Message, Reply
from .server import Simulator

__all__ = ["Knobs", "Message", "Reply", "Simulator"]
