"""The error of whoever copies, replaces or moves a whole database."""

from otp_worker.domain.errors import OtpError


class BackupError(OtpError):
    """A backup, a restore or a move was not made; says why, and what was there is as it was."""
