"""The SMS gateway of django-two-factor-auth: ``TWO_FACTOR_SMS_GATEWAY`` is this module's ``Gateway``.

The package makes and checks the codes. ``OTP_CLIENT`` of the project's settings is the ``Client`` that has
them sent, with a key that has the scope ``message``. ``OTP_WORDS``, if it is set, is what the SMS says, with
``{code}`` in it.
"""

from typing import Any

from django.conf import settings
from django.utils.translation import gettext

WORDS = "Your code is {code}"


class Gateway:
    """Has a device's token sent to its number."""

    def send_sms(self, device: Any, token: str) -> None:
        """Send it, in the language of the request where the project translates the words.

        Raises OtpClientError, as the package's own gateways raise what is theirs.
        """
        text = gettext(getattr(settings, "OTP_WORDS", WORDS)).replace("{code}", str(token))
        settings.OTP_CLIENT.send_message(device.number.as_e164, text)
