"""Static files are answered whole, with what WhiteNoise says of them."""

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import RequestFactory

from config.static import WholeFiles

PATH = "/static/console.css"
STYLES = b"body { color: teal }"


@pytest.fixture
def serve(tmp_path, settings):
    (tmp_path / "console.css").write_bytes(STYLES)
    settings.STATIC_ROOT = str(tmp_path)
    files = WholeFiles(lambda _: HttpResponse(status=404))
    # An answer's end looks at the connection, which a test before may have left open.
    connection.close()

    def ask(method="get", **headers):
        return files(getattr(RequestFactory(headers=headers), method)(PATH))

    return ask


def test_file_is_answered_whole(serve):
    answer = serve()

    assert not answer.streaming
    assert answer.content == STYLES
    assert answer["Content-Type"].startswith("text/css")
    assert answer["Content-Length"] == str(len(STYLES))


def test_head_tells_the_length_and_sends_nothing(serve):
    answer = serve("head")

    assert answer.content == b""
    assert answer["Content-Length"] == str(len(STYLES))


def test_file_that_the_browser_has_is_not_sent_again(serve):
    since = serve()["Last-Modified"]

    answer = serve(**{"If-Modified-Since": since})

    assert (answer.status_code, answer.content) == (304, b"")


def test_range_is_that_part_of_the_file(serve):
    answer = serve(Range="bytes=0-3")

    assert (answer.status_code, answer.content) == (206, STYLES[:4])


def test_other_paths_are_passed_on(serve):
    answer = WholeFiles(lambda _: HttpResponse(status=404))(
        RequestFactory().get("/static/none.css")
    )

    assert answer.status_code == 404
