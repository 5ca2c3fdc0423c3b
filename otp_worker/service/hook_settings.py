"""The part of the environment that says which other systems may have texts sent."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from pydantic import BaseModel

from otp_worker.domain.hook import Hook
from otp_worker.service.hooks_file import read_hooks


class HookSettings(BaseModel):
    """Each field is the variable ``OTP_<FIELD>``."""

    hooks_file: str | None = None

    @cached_property
    def hooks(self) -> Mapping[str, Hook]:
        """The hooks of the file, by their names; none without a file. Raises ConfigurationError."""
        return read_hooks(Path(self.hooks_file)) if self.hooks_file else {}
