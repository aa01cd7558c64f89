"""Letters as they are sent: plain text in the reader's language."""

from __future__ import annotations

from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime

from bandeau import limits
from bandeau.features.comments.letters import Content, Kind, Letter
from bandeau.policy.words import Words

_KEYS = {
    Kind.SIGN_IN: "sign_in",
    Kind.CONFIRM: "confirm",
    Kind.REPLY: "reply",
    Kind.DECISION: "decision",
    Kind.NOTICE: "notice",
}


def written(words: Words, site: str, sender: str, letter: Letter, content: Content) -> EmailMessage:
    """The message of ``letter``; ``site`` is the name of the site, ``sender`` its address.

    Tries of one letter have the same Message-ID, so that a reader's mailbox can tell them.
    """
    lang, key = content.lang, _KEYS[content.kind]
    minutes = limits.SIGN_IN_LINK_SECONDS // 60
    told = {"site": _line(site), "name": _line(content.name), "minutes": minutes}

    def say(part: str) -> str:
        return words.languages[lang][f"letters.{part}"].format(**told)

    parts = (say(f"{key}_text"), content.told, content.link, say(f"{key}_else"))
    lines = ["\n\n".join(part for part in parts if part)]
    if content.stop:
        lines += ["", content.stop]
    message = EmailMessage()
    message["From"] = f'"{_quoted(site)}" <{sender}>'
    message["To"] = content.address
    message["Subject"] = say(f"{key}_subject")
    message["Date"] = format_datetime(datetime.fromtimestamp(letter.made, UTC))
    message["Message-ID"] = f"<{letter.id}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    if content.stop:
        message["List-Unsubscribe"] = f"<{content.stop}>"
        if content.stop.startswith("https:"):
            # RFC 8058, section 3.1: one click is offered over https only.
            message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content("\n".join(lines) + "\n", cte="base64")
    message["Content-Language"] = lang
    return message


def _line(text: str) -> str:
    return " ".join(text.split())


def _quoted(text: str) -> str:
    return _line(text).replace("\\", "").replace('"', "'")
