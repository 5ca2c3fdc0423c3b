"""What each problem type means: its cause and the fix. Answers link to ``/docs/problems``, which shows it."""

from dataclasses import dataclass

PAGE = "/docs/problems"


@dataclass(frozen=True, slots=True)
class ProblemHelp:
    """Why a request was answered so, and the fix, each in a sentence or two."""

    status: int
    cause: str
    fix: str


PROBLEMS = {
    "bad_request": ProblemHelp(
        400,
        "The request breaks the rules of HTTP, such as a header that cannot be read.",
        "Look at what your HTTP client or proxy sends.",
    ),
    "invalid_json": ProblemHelp(
        400,
        "The body is not one JSON object: it is a form, is empty, is cut off, or names a field twice.",
        "Send one JSON object with Content-Type: application/json.",
    ),
    "unauthenticated": ProblemHelp(
        401,
        "The header Authorization is missing, or its API key is wrong or revoked.",
        "Send Authorization: Bearer otp_live_... with a key that the operator made for your app.",
    ),
    "scope_missing": ProblemHelp(
        403,
        "The API key is valid, and may not be used for this call.",
        "Ask the operator for a key with the scope that the detail names.",
    ),
    "country_not_allowed": ProblemHelp(
        403,
        "The operator sends nothing to the country of this number.",
        "Offer another way to sign in, or ask the operator to add the country to OTP_COUNTRIES.",
    ),
    "opted_out": ProblemHelp(
        403,
        "The person of this number texted STOP. No code is sent to them, whoever asks.",
        "Use another way now. The person can text START to the number that wrote to them.",
    ),
    "not_found": ProblemHelp(
        404,
        "Your app has no such verification, message or link, or it is deleted by now, or no call has this "
        "path.",
        "Look at the id and the path; a slash too many at its end is named in the detail.",
    ),
    "method_not_allowed": ProblemHelp(
        405,
        "The path is one of the API's, and this method is not for it.",
        "Use a method that the header Allow names.",
    ),
    "request_in_flight": ProblemHelp(
        409,
        "A request with the same Idempotency-Key is being answered at this moment.",
        "Send it again after a second: you get the first one's answer.",
    ),
    "already_over": ProblemHelp(
        410,
        "The verification has ended: it was approved, canceled, expired, failed, or used up its checks.",
        "See verification_status. Start again with a new send, unless it is approved.",
    ),
    "message_over": ProblemHelp(
        410,
        "The message has ended: it was sent, failed, expired, or was called back.",
        "See message_status. What was sent cannot be called back.",
    ),
    "result_redeemed": ProblemHelp(
        410,
        "The result of this entry link was redeemed before, or it is older than five minutes.",
        "Take each result once, when its person comes back. Make a new link otherwise.",
    ),
    "body_too_large": ProblemHelp(
        413,
        "The body is longer than the call allows, 4096 bytes for most, or comes without its length.",
        "Shorten it, and send it with a Content-Length, not in chunks.",
    ),
    "range_not_satisfiable": ProblemHelp(
        416,
        "The header Range asks for a part that the file does not have.",
        "Leave the header out.",
    ),
    "invalid_field": ProblemHelp(
        422,
        "A value in the body, the URL or a header cannot be accepted.",
        "errors names each field and what to give. Nothing was done, and no check was used up.",
    ),
    "too_soon": ProblemHelp(
        429,
        "This number was sent a code a moment ago.",
        "Let the person wait until Retry-After is over, and say so; the first SMS is on its way.",
    ),
    "limit_reached": ProblemHelp(
        429,
        "A limit of the operator's, or a bucket of the app's, is reached; limit and bucket name it.",
        "Tell the person when to try again (Retry-After). If it is your app's own limit, ask the operator.",
    ),
    "sends_paused": ProblemHelp(
        429,
        "Far fewer codes than usual were entered in this number's block or country, as in SMS pumping.",
        "Wait for Retry-After, or ask the operator, who can exempt it. Look for bots at your sign-up form.",
    ),
    "number_locked": ProblemHelp(
        429,
        "Too many wrong codes were entered for this number.",
        "Wait for Retry-After. Without that header it is locked until the operator unlocks it.",
    ),
    "number_reported": ProblemHelp(
        429,
        "The person of this number texted that they did not ask for a code.",
        "Take no code of this number until Retry-After: somebody may be trying to get into the account.",
    ),
    "slow_bodies": ProblemHelp(
        429,
        "Too many bodies of your key are on their way and do not arrive.",
        "Send each body at once, and try again after a second.",
    ),
    "unexpected": ProblemHelp(
        500,
        "Something went wrong in the service.",
        "Give the operator the request_id. A send with an Idempotency-Key can be repeated.",
    ),
    "database_away": ProblemHelp(
        503,
        "The service's database does not answer.",
        "Try again. Nothing was written, or a repeated send finds it pending.",
    ),
    "sealing_unavailable": ProblemHelp(
        503,
        "What the request gives is kept sealed to the workers, and this service cannot seal to them yet.",
        "The detail names the variable that the operator has to set. Nothing was written.",
    ),
}
"""By the end of the problem's type, in the order of their status."""


def help_url(code: str) -> str | None:
    """Where a problem type is explained; None for one of plain HTTP that nobody explains."""
    return f"{PAGE}#{code}" if code in PROBLEMS else None
