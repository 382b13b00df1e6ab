"""The web application of `ons serve`: Step Functions under /stepfunctions, and /healthz."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from workflows.engine.api import protocol
from workflows.engine.api.faults import ApiError
from workflows.engine.api.service import Answer, Later, Service
from workflows.engine.jsontext import dumps

MEDIA_TYPE = "application/x-amz-json-1.0"


def application(
    service: Service,
    *,
    hosts: Collection[str] | None = None,
    ready: Callable[[], None] = lambda: None,
) -> Starlette:
    """The application; it drives executions for as long as it is up, and calls `ready` once it is.

    `hosts` are the names that a request may call this server by (None: any), so that no web page
    reaches it through a name of its own that leads here.
    """

    async def stepfunctions(request: Request) -> Response:
        try:
            _known_host(request, hosts)
            body = await _body(request)
            target = request.headers.get("x-amz-target")
            answer = await run_in_threadpool(protocol.call, service, target, body)
            if isinstance(answer, Later):
                await asyncio.wrap_future(answer.ended)
                answer = await run_in_threadpool(protocol.guarded, answer.answer)
            assert not isinstance(answer, Later)
        except ApiError as error:
            return _response(error.body(), error.status)
        return _response(answer, 200)

    async def healthz(_: Request) -> Response:
        failure = service.driver.failure
        told = {"status": "ok"} if failure is None else {"status": "failing", "reason": failure}
        return JSONResponse(told, 200 if failure is None else 503)

    @asynccontextmanager
    async def driving(_: Starlette) -> AsyncIterator[None]:
        service.driver.start()
        ready()
        try:
            yield
        finally:
            await run_in_threadpool(service.driver.close)

    paths = ("/stepfunctions", "/stepfunctions/")
    routes = [Route(path, stepfunctions, methods=["POST"]) for path in paths]
    return Starlette(routes=[*routes, Route("/healthz", healthz)], lifespan=driving)


def _known_host(request: Request, hosts: Collection[str] | None) -> None:
    if hosts is not None and (request.url.hostname or "") not in hosts:
        raise ApiError("AccessDeniedException", "This server is not known by that name.", 403)


async def _body(request: Request) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > protocol.MAX_BODY:
            raise protocol.too_large()
        parts.append(part)
    return b"".join(parts)


def _response(answer: Answer | dict[str, str], status: int) -> Response:
    return Response(
        dumps(answer),
        status,
        {"x-amzn-RequestId": str(uuid.uuid4())},
        MEDIA_TYPE,
    )
