"""What happens before any choice."""

from __future__ import annotations

from tests.zoo.site import SILENT, Notice, Site, Tracker, besides
from tests.zoo.sites.families import AFTER_REFUSAL, AFTER_WITHDRAWAL, BEFORE_CHOICE, EARLY, pairs

_EARLY = besides("undecided")
_ALWAYS = besides(*SILENT)
# What a third party left before the choice is still there after it, though nothing asks for it.
_LEFT = (*BEFORE_CHOICE, "V3", "R1", "R2")
_FR, _DE, _AR = "fr", "de", "ar"


def _site(name: str, why: str, how: str, expects: str, **more: object) -> Site:
    told = {
        key: more.pop(key)
        for key in ("purpose", "on", "host", "cookie", "vendor", "declared")
        if key in more
    }
    tracker = Tracker(how, when=_EARLY, **told)  # type: ignore[arg-type]
    return Site(
        name, why, expects=(expects,), tolerates=_LEFT, trackers=(tracker,), **more  # type: ignore[arg-type]
    )  # fmt: skip


BEFORE = pairs(
    _site("early-header", "a first-party cookie by header", "header", f"V4|P1{EARLY}"),
    _site("early-cookie", "a cookie by an inline script", "cookie", f"V4|P1{EARLY}", language=_FR),
    _site("early-script", "a vendor's script that writes a first-party cookie", "script",
          f"V4|P1|P3{EARLY}", notice=Notice(box="shadow")),
    _site("early-pixel", "a vendor's pixel with a cookie", "pixel", f"V4|P1|P3{EARLY}",
          language=_DE),
    _site("early-local", "an identifier in localStorage", "local", f"V4|P1|P4{EARLY}"),
    _site("early-session", "an identifier in sessionStorage", "session", f"V4|P1|P4{EARLY}"),
    _site("early-indexed", "an identifier in IndexedDB", "indexed", f"V4|P1|P4{EARLY}",
          language=_AR),
    _site("early-cache", "an identifier in Cache Storage", "cache", f"V4|P1|P4{EARLY}"),
    _site("early-worker", "a service worker that is there to push", "worker", f"V4|P1|P4{EARLY}"),
    _site("early-canvas", "a canvas drawn and read", "canvas", f"V24|P4|V4{EARLY}"),
    _site("early-audio", "the audio stack measured", "audio", f"V24|P4|V4{EARLY}"),
    _site("early-beacon", "a beacon to a vendor", "beacon", f"V4|P3|P1|V24{EARLY}"),
    _site("early-socket", "a WebSocket to a vendor", "socket", f"V4|P3|P1{EARLY}"),
    _site("early-etag", "an identifier in an ETag, sent back on the next page", "etag",
          f"V4|P3|P4|V24{EARLY}"),
    _site("early-carried", "an identifier of the site's own in a vendor's address", "carried",
          f"V24|V4|P1|P3|P4{EARLY}"),
    _site("early-frame", "a vendor's frame with cookie and storage", "frame", f"V4|P1|P3{EARLY}",
          notice=Notice(box="dialog")),
    _site("early-sync", "an identifier handed on by redirect to a second vendor", "sync",
          f"V24{EARLY}"),
    _site("early-cname", "a vendor behind a name of the site's own", "cname",
          f"P7|V4|P1|P3{EARLY}"),
    _site("early-known", "a well-known advertising host", "pixel", f"V4|P1|P3{EARLY}",
          host="stats.g.doubleclick.net", cookie="IDE", vendor="Google Ads"),
    _site("early-social", "a post of a social network", "frame", f"F1|V4|P3{EARLY}",
          purpose="social", host="platform.twitter.com", cookie="guest_id", vendor="X"),
    _site("early-second-page", "only from the second page on", "pixel", "V4|P1|P3@ignored",
          on="second", language=_FR),
    _site("early-phone", "only on a phone", "pixel", f"V4|P1|P3{EARLY}", on="phone"),
    _site("early-language", "only in the second language", "pixel", f"V4|P1|P3{EARLY}",
          on="language", language="en", other_language=_FR),
    _site("early-scroll", "as soon as the visitor scrolls", "pixel", "B11|V4|P1|P3@ignored,arrived",
          on="scroll"),
    _site("early-delay", "after some seconds", "pixel", f"V4|P1|P3{EARLY}", on="delay"),
    _site("early-signal", "only where the browser says Global Privacy Control", "pixel",
          "G4|V4|P1|P3", on="signal"),
    Site("early-read", "a vendor's script, declared as necessary, that reads what is kept",
         expects=(f"P2|V24{EARLY}",), tolerates=BEFORE_CHOICE,
         trackers=(Tracker("read", when=_EARLY, declared="functioning"),)),
    Site("early-leak", "the session's identifier in the address of a vendor that is declared as "
         "necessary", expects=(f"V24{EARLY}",), tolerates=(*BEFORE_CHOICE, "P5"),
         trackers=(Tracker("leak", when=_EARLY, declared="functioning"),)),
    (
        Site("early-intractable", "a plain picture from a host whose cookie an acceptance left",
             expects=("V23|R2@seeded",),
             # The picture comes in every state, from a host that is declared for advertising.
             tolerates=(*BEFORE_CHOICE, *AFTER_REFUSAL, *AFTER_WITHDRAWAL, "C9", "V5", "V6"),
             trackers=(
                 Tracker("pixel", base="dual"),
                 Tracker("plain", when=_ALWAYS, base="dual", declared=""),
             )),
        {"trackers": (
            Tracker("pixel", base="dual"),
            Tracker("plain", "functioning", when=_ALWAYS, base="asset"),
        )},
    ),
    Site("no-notice", "trackers, and nobody is asked", expects=("V1",),
         tolerates=(*BEFORE_CHOICE, "V3", "R1", "R2", "V20", "W1", "W2", "I1", "V2", "B1", "T6"),
         trackers=(Tracker("pixel", when=_ALWAYS), Tracker("script", "statistics", when=_ALWAYS)),
         notice=Notice(tool="none", reopen="none")),
)  # fmt: skip
