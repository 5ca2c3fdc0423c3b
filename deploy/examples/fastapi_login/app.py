"""A login API with FastAPI, for a page or a mobile app: two calls, and a session that knows the number."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel, Field
from starlette.middleware.sessions import SessionMiddleware

from otp_worker.client import AsyncClient, NotNowError, OtpClientError, ProblemError

PAGE = Path(__file__).parents[1] / "webotp_login"


class Number(BaseModel):
    number: Annotated[str, Field(max_length=64)]


class Code(BaseModel):
    code: Annotated[str, Field(max_length=64)]


def create_app(otp: AsyncClient, secret_key: str) -> FastAPI:
    """The app over a client of otp-worker; it closes the client in the end."""

    @asynccontextmanager
    async def closing(_: FastAPI) -> AsyncIterator[None]:
        async with otp:
            yield

    app = FastAPI(lifespan=closing)
    app.add_middleware(SessionMiddleware, secret_key=secret_key, same_site="lax")

    @app.exception_handler(OtpClientError)
    def told(_: Request, error: OtpClientError) -> JSONResponse:
        if not isinstance(error, ProblemError):
            return JSONResponse({"message": "We cannot send codes at this moment. Try again."}, 503)
        again = error.retry_at.isoformat() if isinstance(error, NotNowError) and error.retry_at else None
        return JSONResponse({"message": error.fix or str(error), "retry_at": again}, error.status)

    @app.post("/login/send")
    async def send(body: Number, request: Request) -> dict[str, str]:
        sent = await otp.send(body.number, ip=request.client.host if request.client else None)
        request.session.clear()
        request.session.update(verification=sent.id, number=body.number)
        return {"sent_to": sent.to}

    @app.post("/login/check")
    async def check(body: Code, request: Request) -> JSONResponse:
        if "verification" not in request.session:
            return JSONResponse({"message": "Ask for a code first."}, 409)
        result = await otp.check(request.session["verification"], body.code)
        if not result.valid:
            return JSONResponse(
                {"message": f"That is not the code. {result.checks_left} tries are left."}, 422
            )
        number = request.session["number"]
        request.session.clear()
        request.session["signed_in_as"] = number
        return JSONResponse({"signed_in_as": number})

    app.mount("/", StaticFiles(directory=PAGE, html=True))
    return app


def main() -> FastAPI:
    """For `uvicorn --factory app:main`."""
    client = AsyncClient(os.environ["OTP_URL"], os.environ["OTP_KEY"])
    return create_app(client, os.environ["SECRET_KEY"])
