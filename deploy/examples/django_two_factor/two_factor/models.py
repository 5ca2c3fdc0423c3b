"""The number that a user's codes are sent to."""

from django.conf import settings
from django.db import models


class Phone(models.Model):
    """A user's number; let them prove it by a code before you store it."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="phone")
    number = models.CharField(max_length=32)
