"""Works a notice by autoconsent's rules, where nothing of it could be found or worked by its words.

Its script (``autoconsent/``) runs in our own worlds, so that the page's scripts see nothing of it
but its clicks. It says what it found and did; whether a choice was made is not asked of it.
"""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from bandeau import limits
from bandeau.audit.believing import Action
from bandeau.robot.pipe import CallFailed, Message
from bandeau.robot.window import Window, World

ORDERS = {
    Action.ACCEPT_ALL: "optIn",
    Action.REFUSE_ALL: "optOut",
    Action.WITHDRAW: "optOut",
}
_ASKS_SECONDS = 0.2
# No rule may merely hide a notice, nor take an acceptance for what closes it.
_CONFIG: dict[str, Any] = {
    "enabled": True,
    "autoAction": None,
    "disabledCmps": [],
    "enablePrehide": False,
    "enableCosmeticRules": False,
    "enableGeneratedRules": True,
    "detectRetries": 1,
    "isMainWorld": False,
    "enableHeuristicDetection": False,
    "heuristicMode": "reject",
}
_GIVE = "(message) => { globalThis.autoconsentReceiveMessage(message); }"
_TAKE = """() => {
  const {said, state} = globalThis.bandeauHeard;
  return {said: said.splice(0), lifecycle: state.lifecycle, clicks: state.clicks};
}"""


@dataclass(slots=True)
class Ruled:
    """What was found and done: ``rule`` is empty where no notice is known, ``clicks`` its own."""

    rule: str = ""
    clicks: int = 0
    ended: bool = False


@cache
def _script() -> str:
    """The script as a function, since a page may forbid that text is evaluated."""
    folder = files("bandeau.robot") / "autoconsent"
    script = (folder / "autoconsent.playwright.js").read_text("utf-8")
    return f"""() => {{
      if (Object.hasOwn(globalThis, "bandeauHeard")) return false;
      const heard = globalThis.bandeauHeard = {{said: [], state: {{}}}};
      globalThis.autoconsentReceiveMessage = undefined;
      globalThis.autoconsentSendMessage = async (message) => {{
        if (message.type === "report") heard.state = message.state;
        else if (message.type !== "init") heard.said.push(message);
      }};
      {script}
      return true;
    }}"""


@cache
def _rules(*, top: bool) -> list[Message]:
    """The rules for the window's own document, or those for frames."""
    text = (files("bandeau.robot") / "autoconsent" / "rules.json").read_text("utf-8")
    where, otherwise = ("main", True) if top else ("frame", False)
    return [
        rule
        for rule in json.loads(text)["autoconsent"]
        if rule.get("runContext", {}).get(where, otherwise)
    ]


async def by_rules(tab: Window, action: Action | None) -> Ruled:
    """Find a notice by a rule and, with an ``action`` of :data:`ORDERS`, have it worked.

    It ends when the rule has, after ``AUDIT_RULES_SIGHT_SECONDS`` without a notice, or after
    ``AUDIT_RULES_SECONDS``.
    """
    work = _Work(tab, ORDERS[action] if action else "")
    until = time.monotonic() + limits.AUDIT_RULES_SIGHT_SECONDS
    with suppress(TimeoutError):
        async with asyncio.timeout(limits.AUDIT_RULES_SECONDS):
            while not work.ruled.ended and (work.ruled.rule or time.monotonic() < until):
                await work.go_on()
                await asyncio.sleep(_ASKS_SECONDS)
    return work.ruled


class _Work:
    """The conversation with the scripts in all frames of a page, until one says that it is done."""

    def __init__(self, tab: Window, order: str) -> None:
        self.ruled = Ruled()
        self._tab = tab
        self._order = order
        self._clicks: dict[str, int] = {}
        self._ordered: set[str] = set()

    async def go_on(self) -> None:
        """Begin in each frame that is new, and answer what was said."""
        lives = []
        for world in await self._tab.worlds():
            try:
                lives.append(await self._heard(world))
            except CallFailed:
                # The frame has gone, or its page is busy: the next round sees to what is there.
                continue
        if lives and all(each == "nothingDetected" for each in lives):
            self.ruled.ended = True

    async def _heard(self, world: World) -> str:
        within = limits.AUDIT_RULES_SIGHT_SECONDS
        if await world.evaluate(_script(), within=within):
            rules = {"autoconsent": _rules(top=world.top)}
            start = {"type": "initResp", "config": _CONFIG, "rules": rules}
            await world.evaluate(_GIVE, start, within=within)
        heard = await world.evaluate(_TAKE, within=within)
        self._clicks[world.frame] = int(heard["clicks"] or 0)
        self.ruled.clicks = sum(self._clicks.values())
        for message in heard["said"]:
            await self._answer(world, message)
        return str(heard["lifecycle"])

    async def _answer(self, world: World, message: Message) -> None:
        kind = message["type"]
        if kind == "eval":
            result = bool(await world.said(str(message["code"])))
            answer = {"type": "evalResp", "id": message["id"], "result": result}
            await world.evaluate(_GIVE, answer)
        elif kind == "popupFound":
            self.ruled.rule = self.ruled.rule or str(message["cmp"])
            self.ruled.ended = not self._order
            if self._order and world.frame not in self._ordered:
                self._ordered.add(world.frame)
                await world.evaluate(_GIVE, {"type": self._order})
        elif kind == f"{self._order}Result":
            # A rule may have done its part, and another frame's goes on.
            self.ruled.ended = self.ruled.ended or not message["result"]
        elif kind == "autoconsentDone":
            self.ruled.ended = True
