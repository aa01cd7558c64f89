"""What Firefox calls a request, in the words that Chromium has for it."""

from __future__ import annotations

from types import MappingProxyType

from bandeau.robot.pipe import Message

_BY_DESTINATION = MappingProxyType(
    {
        "document": "document",
        "iframe": "document",
        "frame": "document",
        "style": "stylesheet",
        "audio": "media",
        "video": "media",
        "track": "texttrack",
        "worker": "script",
        "sharedworker": "script",
        "serviceworker": "script",
        "report": "cspviolationreport",
    }
)
_BY_INITIATOR = MappingProxyType({"fetch": "fetch", "xmlhttprequest": "xhr", "beacon": "ping"})


def kind_of(event: Message) -> str:
    """The kind of the request that an event of ``network`` is of."""
    request = event["request"]
    headers = headers_of(request["headers"])
    if headers.get("sec-fetch-mode") == "websocket":
        return "websocket"
    if headers.get("accept") == "text/event-stream":
        return "eventsource"
    destination = request.get("destination") or ""
    if destination:
        return _BY_DESTINATION.get(destination, destination)
    initiator = request.get("initiatorType") or ""
    # A beacon and a ping of a link have no name.
    unnamed = "ping" if request["method"] == "POST" else "other"
    return _BY_INITIATOR.get(initiator, unnamed)


def headers_of(told: list[Message]) -> dict[str, str]:
    """Headers by their names in small letters; the last of one name counts."""
    return {each["name"].lower(): text_of(each["value"]) for each in told}


def text_of(value: Message) -> str:
    """A value as text; bytes that are none stay in base64."""
    return str(value.get("value", ""))
