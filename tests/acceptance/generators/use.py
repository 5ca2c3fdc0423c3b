"""What somebody does with the client that openapi-python-client makes of the document."""

import os

from otp_api import AuthenticatedClient
from otp_api.api.verifications import check_verification, get_timeline, list_verifications, send_verification
from otp_api.models import (
    AcceptedBody,
    CheckBody,
    CheckResultBody,
    ProblemBody,
    SendBody,
    TimelineBody,
    VerificationsBody,
    VerificationStatus,
)

client = AuthenticatedClient(base_url=os.environ["OTP_URL"], token=os.environ["OTP_KEY"])

sent = send_verification.sync(client=client, body=SendBody(to="+447400123456", user="user-17"))
assert isinstance(sent, AcceptedBody)
assert sent.status is VerificationStatus.PENDING

checked = check_verification.sync(sent.id, client=client, body=CheckBody(code="000000"))
assert isinstance(checked, CheckResultBody)
assert not checked.valid

page = list_verifications.sync(client=client, user="user-17", status=VerificationStatus.PENDING)
assert isinstance(page, VerificationsBody)
assert [each.id for each in page.verifications] == [sent.id]

trail = get_timeline.sync(sent.id, client=client)
assert isinstance(trail, TimelineBody)

refused = send_verification.sync(client=client, body=SendBody(to="12"))
assert isinstance(refused, ProblemBody)
print(sent.to, refused.type_)
