"""A simulated phone gateway that speaks the Mobile API Connect API, for rehearsals without a phone.

`vendor.py` is what the real gateway answers too; `control.py` and the page are the simulator's own.
"""

from .knobs import Knobs
from .messages import Message, Reply
from .server import Simulator

__all__ = ["Knobs", "Message", "Reply", "Simulator"]
