"""The last lines of an SMS, by which phones fill its code in.

A browser takes the code for the site that the last line names (WICG, Origin-bound one-time codes; Apple and
WebOTP read the same line). An Android app is handed an SMS that holds its hash (SMS Retriever API).
"""

from dataclasses import dataclass

from otp_worker.domain.texts.alphabet import size_of

MOST_BYTES = 140
"""The longest SMS with an app's hash. No source says in which encoding: it holds on the air and in UTF-8."""


@dataclass(frozen=True, slots=True)
class Autofill:
    """For which site, an https origin, and for which Android app a phone fills the code in."""

    origin: str | None = None
    android_hash: str | None = None

    def appended(self, text: str, code: str) -> str:
        """The text with its lines: the app's hash, and the site's last of all."""
        lines = [text]
        if self.android_hash:
            lines.append(self.android_hash)
        if self.origin:
            lines.append(f"@{self.origin.removeprefix('https://')} #{code}")
        return "\n".join(lines)

    def fits(self, text: str) -> bool:
        """Whether a text with its lines is one segment, and short enough for an Android app."""
        if size_of(text).segments > 1:
            return False
        return self.android_hash is None or len(text.encode()) <= MOST_BYTES


NO_AUTOFILL = Autofill()
