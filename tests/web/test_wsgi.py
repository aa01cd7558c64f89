"""The WSGI shell around applications that use what PEP 3333 allows, and across a fork."""

from __future__ import annotations

import gzip
import io
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any
from wsgiref.util import FileWrapper, setup_testing_defaults
from wsgiref.validate import validator

import pytest
from publisher import POLICY

from bandeau.app import BandeauWSGI

pytestmark = pytest.mark.slow

PAGE = b'<html><head><title>x</title></head><body><img src="https://ads.test/p.gif"></body></html>'
LIVE = b'<img src="https://ads.test/p.gif">'
HTML = [("Content-Type", "text/html; charset=utf-8")]
PLAIN = [("Content-Type", "text/plain")]


class Server:
    """The server's side of one call: what it was given, in order."""

    def __init__(self) -> None:
        self.heads: list[tuple[str, list[tuple[str, str]]]] = []
        self.written: list[bytes] = []

    def start(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        if exc_info and self.written:
            raise exc_info[1]
        self.heads.append((status, headers))
        return self.written.append

    def headers(self) -> dict[str, str]:
        return dict(self.heads[-1][1])


@pytest.fixture
def hold(tmp_path: Path) -> Iterator[Callable[[Any], BandeauWSGI]]:
    """Puts an application behind the shell, and closes it afterwards."""
    policy = tmp_path / "policy.toml"
    policy.write_text(POLICY, encoding="utf-8")
    made: list[BandeauWSGI] = []

    def held(app: Any) -> BandeauWSGI:
        made.append(BandeauWSGI(app, policy=policy, data=tmp_path / "data"))
        return made[-1]

    yield held
    for each in made:
        each.close()


def environ(**more: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"HTTP_HOST": "www.quotidien.test", "HTTP_ACCEPT": "text/html"}
    setup_testing_defaults(found)
    return found | more


def sent(server: Server, result: Iterable[bytes]) -> bytes:
    """All that the server would send; it closes what it was given, as servers do."""
    try:
        for chunk in result:
            if chunk:
                assert server.heads, "a body before its head"
                server.written.append(chunk)
    finally:
        close = getattr(result, "close", None)
        if close:
            close()
    return b"".join(server.written)


Hold = Callable[[Any], BandeauWSGI]


def test_both_sides_keep_to_the_specification(hold: Hold) -> None:
    @validator
    def site(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", HTML)
        return [PAGE]

    checked = validator(hold(site))
    server = Server()
    asked = environ(HTTP_COOKIE="_ea1=x", QUERY_STRING="")
    result = checked(asked, lambda s, h, e=None: server.start(s, h, e))
    body = b"".join(result)
    result.close()
    assert LIVE not in body
    assert b"data-bandeau" in body


def test_a_generator_that_starts_late_is_edited_as_it_comes(hold: Hold) -> None:
    taken: list[int] = []

    def site(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", HTML)
        for at, chunk in enumerate([PAGE[:60], PAGE[60:], *[b"<p>" + b"x" * 300_000] * 3]):
            taken.append(at)
            yield chunk

    server = Server()
    result = iter(hold(site)(environ(), server.start))
    first = next(result)
    assert 4 not in taken, "the head waits for links, but not for ever"
    assert server.heads[0][0] == "200 OK"
    body = first + b"".join(result)
    assert LIVE not in body
    assert body.count(b"x" * 300_000) == 3


def test_what_is_written_is_edited(hold: Hold) -> None:
    def site(environ: Any, start_response: Any) -> Any:
        write = start_response("200 OK", HTML)
        write(PAGE[:70])
        write(PAGE[70:])
        return []

    server = Server()
    body = sent(server, hold(site)(environ(), server.start))
    assert LIVE not in body
    assert b"data-bandeau" in body
    assert len(server.heads) == 1


def test_what_is_no_page_passes_as_the_application_gave_it(hold: Hold) -> None:
    given = FileWrapper(io.BytesIO(b"0123456789"))

    def site(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [("Content-Type", "image/png"), ("Content-Length", "10")])
        return given

    server = Server()
    assert hold(site)(environ(), server.start) is given
    assert server.headers()["content-length"] == "10"


def test_a_page_from_a_file_is_edited_and_the_file_closed(hold: Hold) -> None:
    file = io.BytesIO(PAGE)

    def site(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [*HTML, ("Content-Length", str(len(PAGE)))])
        return FileWrapper(file)

    server = Server()
    assert LIVE not in sent(server, hold(site)(environ(), server.start))
    assert "content-length" not in server.headers()
    assert file.closed


def test_a_visitor_who_leaves_ends_the_application_too(hold: Hold) -> None:
    ended: list[bool] = []

    def site(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", HTML)
        try:
            while True:
                yield PAGE
        finally:
            ended.append(True)

    result: Any = hold(site)(environ(), Server().start)
    next(iter(result))
    result.close()
    assert ended == [True]


def test_an_error_page_takes_the_place_of_a_page_not_yet_sent(hold: Hold) -> None:
    def site(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", HTML)
        try:
            raise ValueError("broken")
        except ValueError:
            start_response("500 Sorry", [*HTML, ("Set-Cookie", "_ea1=x")], sys.exc_info())
        return [PAGE]

    server = Server()
    body = sent(server, hold(site)(environ(), server.start))
    assert [status for status, _ in server.heads] == ["500 Sorry"]
    assert "set-cookie" not in server.headers()
    assert LIVE not in body


@pytest.mark.parametrize("kind", [HTML, PLAIN])
def test_an_error_after_the_head_is_raised(hold: Hold, kind: list[tuple[str, str]]) -> None:
    def site(environ: Any, start_response: Any) -> Any:
        def rest() -> Iterator[bytes]:
            yield PAGE
            try:
                raise ValueError("broken")
            except ValueError:
                start_response("500 Sorry", HTML, sys.exc_info())
            yield PAGE

        start_response("200 OK", kind)
        return rest()

    server = Server()
    with pytest.raises(ValueError, match="broken"):
        sent(server, hold(site)(environ(), server.start))
    assert "500 Sorry" not in dict(server.heads)


def test_starting_twice_is_the_applications_fault(hold: Hold) -> None:
    def site(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", HTML)
        start_response("200 OK", HTML)
        return [b""]

    with pytest.raises(AssertionError):
        hold(site)(environ(), Server().start)


def test_a_compressed_page_far_larger_than_one_step_leaves_whole(hold: Hold) -> None:
    def site(environ: Any, start_response: Any) -> Any:
        start_response("200 OK", [*HTML, ("Content-Encoding", "gzip")])
        return [gzip.compress(PAGE + b"x" * 3_000_000)]

    server = Server()
    body = sent(server, hold(site)(environ(), server.start))
    assert b"x" * 3_000_000 in body
    assert LIVE not in body


def test_the_application_reads_no_cookie_that_is_denied(hold: Hold) -> None:
    seen: dict[str, Any] = {}

    def site(environ: Any, start_response: Any) -> Any:
        seen.update(environ)
        start_response("200 OK", PLAIN)
        return [b"ok"]

    asked = environ(
        HTTP_COOKIE="_ea1=x; session=s",
        HTTP_BANDEAU_CHOICE="social=granted",
        HTTP_CONTENT_LENGTH="7",
        HTTP_IF_NONE_MATCH='"a"',
    )
    hold(site)(asked, Server().start)
    assert seen["HTTP_COOKIE"] == "session=s"
    assert seen["HTTP_BANDEAU_CHOICE"] == "advertising=undecided, social=undecided"
    assert seen["bandeau.standing"].decided is False
    assert not {"HTTP_CONTENT_LENGTH", "HTTP_IF_NONE_MATCH"} & set(seen)
    assert asked["HTTP_COOKIE"] == "_ea1=x; session=s"


def test_a_host_that_is_none_goes_no_further(hold: Hold) -> None:
    server = Server()
    shell = hold(lambda *_: pytest.fail("reached the site"))
    for path in ("/", "/.bandeau/choice"):
        result = shell(environ(HTTP_HOST='a"b', PATH_INFO=path), server.start)
        assert (server.heads[-1][0], list(result)) == ("400 Bad Request", [b"Bad Request"])


def test_a_choice_that_breaks_off_is_none(hold: Hold) -> None:
    cut = b"action=save"
    asked = environ(
        REQUEST_METHOD="POST",
        PATH_INFO="/.bandeau/choice",
        CONTENT_TYPE="application/x-www-form-urlencoded",
        CONTENT_LENGTH=str(len(cut) + 15),
    )
    asked["wsgi.input"] = io.BytesIO(cut)
    server = Server()
    sent(server, hold(None)(asked, server.start))
    assert server.heads[0][0] == "400 Bad Request"
    assert "set-cookie" not in server.headers()


@pytest.mark.parametrize("path", ["/\xc3\xa9t\xc3\xa9", "/\xff"])
def test_any_path_reaches_the_site(hold: Hold, path: str) -> None:
    def site(environ: Any, start_response: Any) -> Any:
        assert environ["PATH_INFO"] == path
        start_response("200 OK", HTML)
        return [PAGE]

    server = Server()
    assert b"data-bandeau" in sent(server, hold(site)(environ(PATH_INFO=path), server.start))


def choose(shell: BandeauWSGI) -> str:
    """The status of a choice, recorded."""
    body = b'{"action": "accept_all"}'
    asked = environ(
        REQUEST_METHOD="POST",
        PATH_INFO="/.bandeau/choice",
        CONTENT_TYPE="application/json",
        CONTENT_LENGTH=str(len(body)),
    )
    asked["wsgi.input"] = io.BytesIO(body)
    server = Server()
    sent(server, shell(asked, server.start))
    return server.heads[0][0]


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
@pytest.mark.parametrize("served_before", [False, True])
def test_each_process_after_a_fork_opens_its_own(hold: Hold, served_before: bool) -> None:
    shell = hold(None)
    if served_before:
        assert choose(shell) == "200 OK"
    child = os.fork()
    if child == 0:
        status = 1
        try:
            status = 0 if [choose(shell) for _ in range(3)] == ["200 OK"] * 3 else 2
        finally:
            os._exit(status)
    assert choose(shell) == "200 OK"
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert choose(shell) == "200 OK"
