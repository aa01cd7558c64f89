"""The start of a shared page: its script, and the strictest policy where no script runs."""

from __future__ import annotations

import html
import json
from dataclasses import dataclass

from bandeau.enforcement.rules import Rules, hint_cookie
from bandeau.enforcement.shared import SharedPage
from bandeau.policy.model import Policy
from bandeau.web.room import BAND_SPACE, space
from bandeau.web.static import script


@dataclass(frozen=True, slots=True)
class SharedHead:
    """``before`` goes before the guard; ``script`` is the text of the script in it."""

    before: bytes
    script: str


def shared_head(page: SharedPage, rules: Rules) -> SharedHead:
    """The start of every shared page of one policy."""
    narrowing = page.narrowing()
    cookies = [*page.always()["cookies"], *sorted(own_cookies(page.policy))]
    listed = narrowing | {"cookies": cookies, "space": space(BAND_SPACE)}
    data = json.dumps(listed, ensure_ascii=True, separators=(",", ":")).replace("<", "\\u003c")
    source = script("shared.js")
    strictest = html.escape(rules.strictest_policy().decode())
    # The script and the guard behind it each look for the list just before them.
    before = (
        f'<noscript><meta http-equiv="Content-Security-Policy" content="{strictest}"></noscript>'
        f'<script type="application/json">{data}</script><script>{source}</script>'
    )
    return SharedHead(before.encode(), source)


def own_cookies(policy: Policy) -> set[str]:
    """Names that the choice cookie may have; the guard must never touch them."""
    name = policy.choice.cookie
    return {name, f"__Host-{name}", f"__Secure-{name}", hint_cookie(policy)}
