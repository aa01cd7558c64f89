"""Content codings as streams: gzip, deflate, br and zstd, both ways, never more than a step.

Pure computation. A decoder hands out at most `limits.CODING_STEP_BYTES` at a time, so a body of
a few kilobytes that unpacks to gigabytes costs its reader time but no memory.
"""

import gzip
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Protocol

import brotli  # type: ignore[import-untyped]
import zstandard
from isal import isal_zlib

from bandeau import limits

PREFERENCE = ("zstd", "gzip", "br", "identity")
"""What a page is coded in as it streams, among codings that the visitor likes equally."""
KEPT_PREFERENCE = ("br", "zstd", "gzip", "identity")
"""What a page is coded in that is kept and asked for again: the smallest first."""

_DECODABLE = ("br", "zstd", "gzip", "deflate", "identity")
_ALIASES = {"x-gzip": "gzip"}
_KEPT_HEADERS = 256
_GZIP_WINDOW = 16 + zlib.MAX_WBITS
# One zstd block is at least 4 bytes and unpacks to 128 KiB at most; the library cannot be told
# to stop in between, so the input is cut instead: 256 bytes are 8 MiB at the very worst.
_ZSTD_SLICE = 256


class CodingError(ValueError):
    """A body that is not in the coding it claims, ends too early, or is coded too deeply."""


class Decoder(Protocol):
    """Undoes one or more codings. Both methods raise `CodingError`."""

    def feed(self, data: bytes) -> Iterator[bytes]: ...

    def finish(self) -> Iterator[bytes]: ...


class Encoder(Protocol):
    """Applies one coding; what goes in by `add` can be read at once from what comes out."""

    def add(self, data: bytes) -> bytes: ...

    def finish(self) -> bytes: ...


def decoder(content_encoding: str) -> Decoder:
    """The decoder for a Content-Encoding value; the last coding named is undone first.

    Raises CodingError for a coding unknown to us or more than `limits.CODING_DEPTH` of them
    (RFC 9110, 8.4).
    """
    names = [name for name in _names(content_encoding) if name != "identity"]
    if len(names) > limits.CODING_DEPTH:
        raise CodingError(f"{len(names)} codings on one body")
    chain: Decoder = _Plain()
    for name in names:
        if name not in _DECODERS:
            raise CodingError(f"unknown coding {name!r}")
        chain = _Chain(_DECODERS[name](), chain)
    return chain


def recoded(body: bytes, given: str, wanted: str) -> bytes:
    """A whole body in the coding ``wanted`` instead of ``given``, as small as is worth its time.

    Raises CodingError where ``body`` is not in that coding.
    """
    undone = decoder(given)
    plain = b"".join([*undone.feed(body), *undone.finish()])
    return _PACKED[wanted](plain)


def coding_of(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """The content coding that headers of ours name."""
    return next((v.decode("ascii") for n, v in headers if n == b"content-encoding"), "identity")


def encoder(name: str) -> Encoder:
    """The encoder for one of `PREFERENCE`. Raises CodingError for another name."""
    if name not in _ENCODERS:
        raise CodingError(f"unknown coding {name!r}")
    return _ENCODERS[name]()


@lru_cache(_KEPT_HEADERS)
def negotiate(accept_encoding: bytes | None) -> str:
    """The coding for a response that streams, one of `PREFERENCE` (RFC 9110, 12.5.3).

    The greatest weight wins, then our preference. A missing header, or one that leaves nothing,
    means identity: it can always be read.
    """
    return _preferred(accept_encoding, PREFERENCE)


@lru_cache(_KEPT_HEADERS)
def best(accept_encoding: bytes | None) -> str:
    """The coding for a response that is kept, one of `KEPT_PREFERENCE`."""
    return _preferred(accept_encoding, KEPT_PREFERENCE)


def _preferred(accept_encoding: bytes | None, preference: Sequence[str]) -> str:
    weights = _weights(accept_encoding or b"")
    rest = weights.get("*", 0.0)
    offered = {name: weights.get(name, rest) for name in preference}
    if "identity" not in weights:
        offered["identity"] = min(0.001, weights.get("*", 0.001))
    liked = max(preference, key=lambda name: (offered[name], -preference.index(name)))
    return liked if offered[liked] > 0 else "identity"


@lru_cache(_KEPT_HEADERS)
def acceptable(accept_encoding: bytes | None) -> bytes:
    """The Accept-Encoding to send upstream: what the visitor takes and we can decode.

    Weights stay; `*` is spelt out; nothing left, or no header, becomes `identity`.
    """
    weights = _weights(accept_encoding or b"")
    if "*" in weights:
        rest = weights.pop("*")
        weights |= {name: rest for name in _DECODABLE if name not in weights}
    kept = [_member(name, weights[name]) for name in weights if name in _DECODABLE]
    return ", ".join(kept).encode("ascii") or b"identity"


def _member(name: str, weight: float) -> str:
    return name if weight == 1 else f"{name};q={weight:.3f}".rstrip("0").rstrip(".")


def _names(value: str) -> list[str]:
    names = (name.strip().lower() for name in value.split(","))
    return [_ALIASES.get(name, name) for name in names if name]


def _weights(value: bytes) -> dict[str, float]:
    weights: dict[str, float] = {}
    for member in value.decode("latin-1").lower().split(","):
        name, *parameters = (part.strip() for part in member.split(";"))
        if name:
            weights.setdefault(_ALIASES.get(name, name), _weight(parameters))
    return weights


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        key, _, number = parameter.partition("=")
        if key.strip() == "q":
            return _quality(number.strip())
    return 1.0


def _quality(number: str) -> float:
    # A weight that cannot be read counts as a refusal: identity is always safe.
    plain = number.replace(".", "", 1)
    return min(float(number), 1.0) if plain.isascii() and plain.isdigit() else 0.0


class _Plain:
    def feed(self, data: bytes) -> Iterator[bytes]:
        step = limits.CODING_STEP_BYTES
        if len(data) <= step:
            return iter((data,) if data else ())
        return (data[start : start + step] for start in range(0, len(data), step))

    def finish(self) -> Iterator[bytes]:
        return iter(())


class _Chain:
    """An outer coding, and what is left once it is undone."""

    def __init__(self, outer: Decoder, inner: Decoder) -> None:
        self._outer = outer
        self._inner = inner

    def feed(self, data: bytes) -> Iterator[bytes]:
        for part in self._outer.feed(data):
            yield from self._inner.feed(part)

    def finish(self) -> Iterator[bytes]:
        for part in self._outer.finish():
            yield from self._inner.feed(part)
        yield from self._inner.finish()


class _Inflate:
    """zlib, gzip (several members too) or bare deflate, bounded by `max_length`."""

    def __init__(self, window: int) -> None:
        self._window = window
        self._stream = zlib.decompressobj(window)
        self._started = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        while data and not self._done(data):
            self._started = True
            part, data = self._step(data)
            if part:
                yield part

    def finish(self) -> Iterator[bytes]:
        if self._started and not self._stream.eof:
            raise CodingError("the compressed body ends too early")
        return iter(())

    def _done(self, data: bytes) -> bool:
        """Whether the stream has ended; bytes behind it are ignored unless a member follows."""
        if self._stream.eof and self._window == _GZIP_WINDOW and data.startswith(b"\x1f"):
            self._stream = zlib.decompressobj(self._window)
        return self._stream.eof

    def _step(self, data: bytes) -> tuple[bytes, bytes]:
        try:
            part = self._stream.decompress(data, limits.CODING_STEP_BYTES)
        except zlib.error as error:
            raise CodingError(f"the compressed body is damaged: {error}") from error
        return part, self._stream.unconsumed_tail or self._stream.unused_data


class _Deflate:
    """What servers call deflate: a zlib stream by the book, a bare one from some of them."""

    def __init__(self) -> None:
        self._head = b""
        self._stream: _Inflate | None = None

    def feed(self, data: bytes) -> Iterator[bytes]:
        if self._stream is None:
            self._head += data
            if len(self._head) < 2:
                return
            data, self._head = self._head, b""
            self._stream = _Inflate(zlib.MAX_WBITS if _is_zlib(data) else -zlib.MAX_WBITS)
        yield from self._stream.feed(data)

    def finish(self) -> Iterator[bytes]:
        if self._head:
            raise CodingError("the compressed body ends too early")
        return self._stream.finish() if self._stream else iter(())


def _is_zlib(head: bytes) -> bool:
    return head[0] & 0x0F == zlib.DEFLATED and int.from_bytes(head[:2], "big") % 31 == 0


class _Unbrotli:
    def __init__(self) -> None:
        self._stream = brotli.Decompressor()
        self._started = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        if not data or self._stream.is_finished():
            return
        self._started = True
        part = self._step(data)
        while part or not self._stream.can_accept_more_data():
            if part:
                yield part
            part = self._step(b"")

    def finish(self) -> Iterator[bytes]:
        if self._started and not self._stream.is_finished():
            raise CodingError("the compressed body ends too early")
        return iter(())

    def _step(self, data: bytes) -> bytes:
        if self._stream.is_finished():
            return b""
        try:
            part: bytes = self._stream.process(data, output_buffer_limit=limits.CODING_STEP_BYTES)
        except brotli.error as error:
            raise CodingError("the compressed body is damaged") from error
        return part


class _Unzstd:
    def __init__(self) -> None:
        self._stream = _zstd_stream()
        self._open = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        for start in range(0, len(data), _ZSTD_SLICE):
            yield from _Plain().feed(self._step(data[start : start + _ZSTD_SLICE]))

    def finish(self) -> Iterator[bytes]:
        if self._open:
            raise CodingError("the compressed body ends too early")
        return iter(())

    def _step(self, data: bytes) -> bytes:
        parts = []
        while data:
            try:
                parts.append(self._stream.decompress(data))
            except zstandard.ZstdError as error:
                raise CodingError(f"the compressed body is damaged: {error}") from error
            data, self._open = self._stream.unused_data, not self._stream.eof
            if self._stream.eof:
                self._stream = _zstd_stream()
        return b"".join(parts)


def _zstd_stream() -> "zstandard.ZstdDecompressionObj":
    window = limits.CODING_WINDOW_BYTES
    return zstandard.ZstdDecompressor(max_window_size=window).decompressobj()


class _AsIs:
    def add(self, data: bytes) -> bytes:
        return data

    def finish(self) -> bytes:
        return b""


class _Deflater:
    def __init__(self) -> None:
        self._stream = isal_zlib.compressobj(1, isal_zlib.DEFLATED, _GZIP_WINDOW)

    def add(self, data: bytes) -> bytes:
        if not data:
            return b""
        return self._stream.compress(data) + self._stream.flush(isal_zlib.Z_SYNC_FLUSH)

    def finish(self) -> bytes:
        return self._stream.flush()


class _Brotli:
    def __init__(self) -> None:
        self._stream = brotli.Compressor(quality=1)

    def add(self, data: bytes) -> bytes:
        if not data:
            return b""
        return bytes(self._stream.process(data)) + bytes(self._stream.flush())

    def finish(self) -> bytes:
        return bytes(self._stream.finish())


class _Zstd:
    def __init__(self) -> None:
        self._stream = zstandard.ZstdCompressor(level=1).compressobj()

    def add(self, data: bytes) -> bytes:
        if not data:
            return b""
        block = zstandard.COMPRESSOBJ_FLUSH_BLOCK
        return self._stream.compress(data) + self._stream.flush(block)

    def finish(self) -> bytes:
        return self._stream.flush()


_DECODERS: dict[str, Callable[[], Decoder]] = {
    "gzip": lambda: _Inflate(_GZIP_WINDOW),
    "deflate": _Deflate,
    "br": _Unbrotli,
    "zstd": _Unzstd,
}
_PACKED: dict[str, Callable[[bytes], bytes]] = {
    "br": lambda body: bytes(brotli.compress(body, quality=5)),
    "zstd": lambda body: zstandard.ZstdCompressor(level=9).compress(body),
    "gzip": lambda body: gzip.compress(body, 6, mtime=0),
    "identity": lambda body: body,
}
_ENCODERS: dict[str, Callable[[], Encoder]] = {
    "br": _Brotli,
    "zstd": _Zstd,
    "gzip": _Deflater,
    "identity": _AsIs,
}
