"""Content codings: what goes in comes out, in bounded steps, and damage is always told."""

import contextlib
import gzip
import tracemalloc
import zlib
from collections.abc import Callable

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from bandeau import limits
from bandeau.web import codings


def bare_deflate(data: bytes) -> bytes:
    stream = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return stream.compress(data) + stream.flush()


CODERS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "gzip": ("gzip", gzip.compress),
    "x-gzip": ("x-gzip", gzip.compress),
    "zlib": ("deflate", zlib.compress),
    "bare": ("deflate", bare_deflate),
    "br": ("br", brotli.compress),
    "zstd": ("zstd", zstandard.ZstdCompressor().compress),
    "identity": ("identity", bytes),
    "none": ("", bytes),
}
COMPRESSED = [name for name in CODERS if name not in ("identity", "none")]


def decode(coding: str, *chunks: bytes) -> bytes:
    decoder = codings.decoder(coding)
    parts = [part for chunk in chunks for part in decoder.feed(chunk)]
    parts += decoder.finish()
    assert all(len(part) <= limits.CODING_STEP_BYTES for part in parts)
    return b"".join(parts)


def cut(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


bodies = st.binary(max_size=2000) | st.builds(
    lambda part, times: part * times, st.binary(min_size=1, max_size=30), st.integers(0, 5000)
)


@pytest.mark.parametrize("coder", CODERS)
@given(body=bodies, size=st.integers(1, 5000))
def test_any_body_in_any_pieces_is_decoded(coder: str, body: bytes, size: int) -> None:
    coding, encode = CODERS[coder]
    assert decode(coding, *cut(encode(body), size)) == body


@pytest.mark.parametrize("coding", codings.PREFERENCE)
@given(pieces=st.lists(bodies, max_size=6))
def test_what_is_encoded_can_be_read_piece_by_piece(coding: str, pieces: list[bytes]) -> None:
    encoder, decoder = codings.encoder(coding), codings.decoder(coding)
    for piece in pieces:
        assert b"".join(decoder.feed(encoder.add(piece))) == piece
    assert b"".join([*decoder.feed(encoder.finish()), *decoder.finish()]) == b""


def test_empty_pieces_cost_nothing() -> None:
    for coding in codings.PREFERENCE:
        assert codings.encoder(coding).add(b"") == b""


@pytest.mark.parametrize("coding", codings.PREFERENCE)
def test_an_encoded_page_is_readable_by_the_usual_libraries(coding: str) -> None:
    usual = {
        "gzip": gzip.decompress,
        "br": brotli.decompress,
        "zstd": lambda data: zstandard.ZstdDecompressor().decompressobj().decompress(data),
        "identity": bytes,
    }
    encoder = codings.encoder(coding)
    page = b"<p>Bonjour</p>" * 500
    coded = encoder.add(page[:100]) + encoder.add(page[100:]) + encoder.finish()
    assert usual[coding](coded) == page
    assert coding == "identity" or len(coded) < len(page) / 10


def test_codings_are_undone_from_the_last_to_the_first() -> None:
    assert decode("gzip, br", brotli.compress(gzip.compress(b"page"))) == b"page"
    assert decode("GZIP , identity", gzip.compress(b"page")) == b"page"


@pytest.mark.parametrize("coding", ["compress", "gzip, br, gzip", "gzip;q=1", "aes128gcm"])
def test_codings_that_cannot_be_undone_are_refused(coding: str) -> None:
    with pytest.raises(codings.CodingError):
        codings.decoder(coding)


@pytest.mark.parametrize("coder", COMPRESSED)
def test_a_body_cut_short_is_an_error_and_an_empty_one_is_not(coder: str) -> None:
    coding, encode = CODERS[coder]
    coded = encode(bytes(range(256)) * 50)
    for length in (1, 2, len(coded) // 2, len(coded) - 1):
        with pytest.raises(codings.CodingError):
            decode(coding, coded[:length])
    assert decode(coding) == b""
    assert decode(coding, b"") == b""


@pytest.mark.parametrize("coder", COMPRESSED)
@given(junk=st.binary(min_size=1, max_size=300), place=st.integers(0, 200))
def test_damage_is_an_error_or_leaves_a_body_but_nothing_else(
    coder: str, junk: bytes, place: int
) -> None:
    coding, encode = CODERS[coder]
    coded = bytearray(encode(b"some text, " * 60))
    coded[place : place + len(junk)] = junk
    with contextlib.suppress(codings.CodingError):
        decode(coding, bytes(coded))


def test_several_gzip_members_and_zstd_frames_are_one_body() -> None:
    zstd = zstandard.ZstdCompressor().compress
    assert decode("gzip", gzip.compress(b"one ") + gzip.compress(b"two")) == b"one two"
    assert decode("gzip", gzip.compress(b"one "), gzip.compress(b"two")) == b"one two"
    assert decode("zstd", zstd(b"one ") + zstd(b"two")) == b"one two"
    assert decode("zstd", zstd(b"one "), zstd(b"two")) == b"one two"


def test_bytes_behind_a_finished_body_are_ignored() -> None:
    assert decode("gzip", gzip.compress(b"page") + b"\0\0") == b"page"
    assert decode("deflate", zlib.compress(b"page") + b"more") == b"page"
    assert decode("br", brotli.compress(b"page"), b"more") == b"page"


@pytest.mark.slow
@pytest.mark.parametrize("coder", COMPRESSED)
def test_a_bomb_is_unpacked_in_flat_memory(coder: str) -> None:
    coding, encode = CODERS[coder]
    bomb = encode(bytes(64_000_000))
    tracemalloc.start()
    decoder, total = codings.decoder(coding), 0
    for part in decoder.feed(bomb):
        assert len(part) <= limits.CODING_STEP_BYTES
        total += len(part)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert total == 64_000_000
    assert peak < 20_000_000


def test_a_zstd_window_beyond_the_limit_is_refused() -> None:
    parameters = zstandard.ZstdCompressionParameters(window_log=24)
    coder = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    coded = coder.compress(bytes(20_000_000)) + coder.flush()
    with pytest.raises(codings.CodingError):
        decode("zstd", coded)


@pytest.mark.parametrize(
    ("header", "chosen"),
    [
        (None, "identity"),
        (b"", "identity"),
        (b"gzip, deflate, br, zstd", "br"),
        (b"gzip, deflate, br", "br"),
        (b"gzip, zstd", "zstd"),
        (b"GZIP", "gzip"),
        (b"x-gzip", "gzip"),
        (b"deflate", "identity"),
        (b"br;q=0.5, gzip", "gzip"),
        (b"br;q=0, gzip;q=0.001", "gzip"),
        (b"br;q=0", "identity"),
        (b"*", "br"),
        (b"*;q=0", "identity"),
        (b"*;q=0.5, br;q=0", "zstd"),
        (b"gzip;q=0, *", "br"),
        (b"identity", "identity"),
        (b"identity;q=1, gzip;q=0.5", "identity"),
        (b"identity;q=0.5, gzip;q=0.5", "gzip"),
        (b"identity;q=0", "identity"),
        (b"br ; Q=1.0 , gzip", "br"),
        (b"br;q=x, gzip", "gzip"),
        (b"br;q=-1", "identity"),
        (b"br;q=inf, gzip", "gzip"),
        (b"br;level=4", "br"),
        (b",,;q=1, gzip", "gzip"),
        (b"\xff\x00, gzip", "gzip"),
    ],
)
def test_negotiation_of_what_is_kept(header: bytes | None, chosen: str) -> None:
    assert codings.best(header) == chosen


@pytest.mark.parametrize(
    ("header", "chosen"),
    [
        (b"gzip, deflate, br, zstd", "zstd"),
        (b"gzip, deflate, br", "gzip"),
        (b"br", "br"),
        (b"br, gzip;q=0.5", "br"),
        (b"*", "zstd"),
        (b"", "identity"),
        (None, "identity"),
    ],
)
def test_what_streams_is_coded_quickly(header: bytes | None, chosen: str) -> None:
    assert codings.negotiate(header) == chosen


@pytest.mark.parametrize("wanted", codings.KEPT_PREFERENCE)
@pytest.mark.parametrize("given", codings.PREFERENCE)
def test_a_whole_body_is_recoded(given: str, wanted: str) -> None:
    text = "<p>Été à Nantes</p>".encode() * 500
    encoder = codings.encoder(given)
    coded = encoder.add(text[:5_000]) + encoder.add(text[5_000:]) + encoder.finish()
    recoded = codings.recoded(coded, given, wanted)
    decoder = codings.decoder(wanted)
    assert b"".join([*decoder.feed(recoded), *decoder.finish()]) == text
    assert wanted == "identity" or len(recoded) < 500


@pytest.mark.parametrize(
    ("header", "narrowed"),
    [
        (None, b"identity"),
        (b"", b"identity"),
        (b"gzip, deflate, br, zstd", b"gzip, deflate, br, zstd"),
        (b"gzip, dcb, dcz, compress", b"gzip"),
        (b"compress", b"identity"),
        (b"gzip;q=0.50, br;q=0, x;q=1", b"gzip;q=0.5, br;q=0"),
        (b"*", b"br, zstd, gzip, deflate, identity"),
        (b"gzip;q=0, *;q=0.1", b"gzip;q=0, br;q=0.1, zstd;q=0.1, deflate;q=0.1, identity;q=0.1"),
        (b"identity;q=0, gzip", b"identity;q=0, gzip"),
    ],
)
def test_what_upstream_may_send(header: bytes | None, narrowed: bytes) -> None:
    assert codings.acceptable(header) == narrowed


@given(st.binary(max_size=200))
def test_no_header_breaks_negotiation(header: bytes) -> None:
    assert codings.negotiate(header) in codings.PREFERENCE
    codings.acceptable(header).decode("ascii")
