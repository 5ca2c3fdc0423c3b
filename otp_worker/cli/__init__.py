"""The commands of ``otp-worker``, by what they are about."""
