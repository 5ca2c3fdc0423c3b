"""What the systems post that have a preset, as their sources write it."""

from collections.abc import Mapping

PRESETS: Mapping[str, Mapping[str, object]] = {
    # The numbers come without a plus, and user.phone is the old one while a number is being changed.
    "supabase": {
        "auth": "standard_webhooks",
        "number": "sms.phone",
        "code": "sms.otp",
        "user": "user.id",
        "adds_plus": True,
        "errors": "supabase",
    },
    "authentik": {"auth": "basic", "number": "To", "text": "Message", "errors": "text"},
    # The names are the operator's choice there; these are those of its README.
    "keycloak": {"auth": "basic", "number": "to", "text": "text"},
    "zitadel": {
        "auth": "zitadel",
        "number": "contextInfo.recipientPhoneNumber",
        "text": "templateData.text",
    },
    # The body is the operator's Jsonnet there; these are the names in its ctx.
    "kratos": {"auth": "basic", "number": "recipient", "text": "body"},
}
"""By a system's name: what its table in the hooks file need not say."""
