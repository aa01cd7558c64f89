"""The platform's own functions by which a page reads or writes, and how they are watched.

Nothing of the page is wrapped: a breakpoint stands on the function itself. Its condition keeps the
arguments in a variable that no reflection lists and whose name nobody can guess.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

import orjson


class Use(Enum):
    """What a call of the function amounts to."""

    READ = auto()
    COOKIE_LINE = auto()
    COOKIE_PAIR = auto()
    COOKIE_END = auto()
    ITEM = auto()
    DATABASE = auto()
    CACHE = auto()
    WORKER = auto()


@dataclass(frozen=True, slots=True)
class Native:
    """A function: the interface that has it, its name, and which part of a property it is."""

    interface: str
    member: str
    api: str
    use: Use = Use.READ
    part: str = "value"


def _reads(interface: str, members: str, prefix: str) -> tuple[Native, ...]:
    return tuple(Native(interface, member, f"{prefix}.{member}") for member in members.split())


_GL = "getParameter readPixels getExtension getSupportedExtensions getShaderPrecisionFormat"

NATIVES: tuple[Native, ...] = (
    # The first one is no evidence: setting it anew makes the others hold in a new document.
    Native("Node", "lookupPrefix", ""),
    Native("Document", "cookie", "document.cookie", part="get"),
    Native("Document", "cookie", "document.cookie", Use.COOKIE_LINE, "set"),
    *_reads("CookieStore", "get getAll", "cookieStore"),
    Native("CookieStore", "set", "cookieStore.set", Use.COOKIE_PAIR),
    Native("CookieStore", "delete", "cookieStore.delete", Use.COOKIE_END),
    *_reads("Storage", "getItem key", "Storage"),
    Native("Storage", "setItem", "Storage.setItem", Use.ITEM),
    Native("IDBFactory", "open", "indexedDB.open", Use.DATABASE),
    *_reads("IDBFactory", "databases", "indexedDB"),
    Native("CacheStorage", "open", "caches.open", Use.CACHE),
    *_reads("CacheStorage", "match has keys", "caches"),
    Native("ServiceWorkerContainer", "register", "serviceWorker.register", Use.WORKER),
    *_reads("HTMLCanvasElement", "toDataURL toBlob", "canvas"),
    *_reads("CanvasRenderingContext2D", "getImageData", "canvas"),
    Native("CanvasRenderingContext2D", "measureText", "measureText"),
    *_reads("OffscreenCanvas", "convertToBlob", "canvas"),
    *_reads("OffscreenCanvasRenderingContext2D", "getImageData", "canvas"),
    Native("OffscreenCanvasRenderingContext2D", "measureText", "measureText"),
    *_reads("WebGLRenderingContext", _GL, "WebGL"),
    *_reads("WebGL2RenderingContext", _GL, "WebGL"),
    Native("OfflineAudioContext", "startRendering", "AudioContext"),
    Native("BaseAudioContext", "createOscillator", "AudioContext"),
    Native("BaseAudioContext", "createDynamicsCompressor", "AudioContext"),
    Native("AnalyserNode", "getFloatFrequencyData", "AudioContext"),
    Native("FontFaceSet", "check", "document.fonts.check"),
    Native("NavigatorUAData", "getHighEntropyValues", "userAgentData"),
    Native("MediaDevices", "enumerateDevices", "mediaDevices.enumerateDevices"),
    Native("SpeechSynthesis", "getVoices", "speechSynthesis.getVoices"),
    Native("Navigator", "getBattery", "navigator.getBattery"),
    Native("Document", "browsingTopics", "document.browsingTopics"),
)

# What is called later is kept from the start: by then the page may have put its own in its place.
_SOURCE = """let NAME = (() => {
  const own = Object.getOwnPropertyDescriptor, slice = Function.prototype.call.bind("".slice);
  const names = NAMES;
  const natives = [];
  for (const [owner, member, part] of names) {
    const home = own(globalThis, owner)?.value?.prototype;
    natives[natives.length] = home && own(home, member)?.[part];
  }
  const plain = (value) => typeof value === "string" ? slice(value, 0, MOST)
    : typeof value === "number" ? value : typeof value === "boolean" ? value : null;
  const part = (value, key) => {
    const held = typeof value === "object" && value ? own(value, key) : void 0;
    return held ? plain(held.value) : null;
  };
  const held = {natives, taken: void 0, by: -1, told(number) {
    const given = held.by === number ? held.taken : void 0;
    held.taken = void 0;
    if (!given) return null;
    const [first, second] = [given[0], given[1]];
    return [plain(first), plain(second), part(first, "name"), part(first, "value"),
      part(first, "expires"), part(first, "domain")];
  }};
  return held;
})();"""


def watching_source(name: str, most: int) -> str:
    """A script that finds the functions in a new global, and keeps them under ``name``.

    ``told(number)`` gives the arguments of the last call, where it was one of the function of that
    number; of each at most ``most`` characters.
    """
    names = orjson.dumps([(each.interface, each.member, each.part) for each in NATIVES]).decode()
    source = _SOURCE.replace("NAMES", names).replace("NAME", name)
    return source.replace("MOST", str(most)).replace("\n", " ")
