"""`ons serve`: Step Functions' own API, answered from this ONS_HOME."""

from __future__ import annotations

import ipaddress
import socket
from typing import Annotated

import typer

from tasks.errors import BadRequest
from workflows.cli.terminal import NoResume, Terminal

SERVER_MODULES = frozenset({"starlette", "uvicorn"})
BACKLOG = 128
PATIENCE_S = 5
"""How long requests under way may take to end once the server is told to stop."""


def register(app: typer.Typer) -> None:
    app.command(epilog="Example: ons serve --port 8080")(serve)


def serve(
    ctx: typer.Context,
    host: Annotated[str, typer.Option(help="The address to listen at.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="The port; 0 takes a free one.")
    ] = 8080,
    expose: Annotated[
        bool,
        typer.Option(
            "--expose", help="Let other machines reach it: whoever does may do everything."
        ),
    ] = False,
    no_resume: NoResume = False,
) -> None:
    """Serve AWS's Step Functions API for boto3 and the AWS CLI until Ctrl-C, and drive what is
    started there. What still runs then goes on with the next command."""
    from workflows.cli.runtime import open_runtime

    terminal: Terminal = ctx.obj
    if not (_is_loopback(host) or expose):
        raise BadRequest(
            f"--host {host}: there is no authentication yet, so only this machine may reach the "
            "server; say --expose to let others do everything with it"
        )
    try:
        import uvicorn

        from workflows.cli.serving import application_of
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in SERVER_MODULES:
            raise
        raise BadRequest(
            f"serving needs {error.name}; "
            "`pip install 'ons-data-platform[serve]'` installs what it takes"
        ) from error
    with _listening(host, port) as listener, open_runtime(terminal) as runtime:
        hosts = None if expose else {host, "localhost", "127.0.0.1", "::1"}
        where = f"http://{_shown(host)}:{listener.getsockname()[1]}"

        def ready() -> None:
            terminal.write([f"Step Functions at {where}/stepfunctions"])
            terminal.out.flush()

        app = application_of(runtime, hosts=hosts, resume=not no_resume, ready=ready)
        config = uvicorn.Config(
            app, log_level="warning", access_log=False, timeout_graceful_shutdown=PATIENCE_S
        )
        try:
            uvicorn.Server(config).run(sockets=[listener])
        except KeyboardInterrupt:  # as said, the end of serving
            terminal.say("stopped; what still ran goes on with the next command")


def _listening(host: str, port: int) -> socket.socket:
    """A socket bound before anything else is done. Raises `BadRequest` when it cannot be."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(BACKLOG)  # whoever is told the address may connect at once
        except OSError:
            listener.close()
            raise
    except OSError as error:
        raise BadRequest(
            f"cannot listen at {host}, port {port}: {error.strerror or error}; "
            "--port 0 takes a free port"
        ) from error
    return listener


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host
