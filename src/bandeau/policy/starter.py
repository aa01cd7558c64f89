"""The policy file that a publisher starts from."""

from __future__ import annotations

import json
from collections.abc import Sequence

_STARTER = """\
# The policy of this site: who asks, for what, and what each purpose may store, read or contact.
# A host, cookie or storage key that is not declared here passes for nobody.
# After each change: bandeau check policy.toml

[site]
name = {name}
# Who answers by law: company and address.
controller = {controller}
# Every host that you run yourself; each stands for its subdomains too.
hosts = {hosts}
# A path of this site, or an https:// address.
privacy_policy = "/privacy"
# The first one is used when no other fits a visitor.
languages = {languages}

# A choice, whether consent or refusal, holds for its lifetime, in a cookie called eu-consent.
# Once it has ended, its record is kept as proof for another period, and then erased.
[choice]
lifetime = "6 months"
proof = "5 years"

# Known purposes need no texts: functioning, audience, social, advertising, advertising-generic,
# advertising-geolocated, personalisation, statistics. One of your own needs data, a title and
# a summary in each language, as in
#   [purposes.newsletter]
#   data = ["usage"]           # ip, browsing, usage, location, social-interactions, comments
#   title = {{ {language} = "Newsletter" }}
#   summary = {{ {language} = "Count which letters are opened." }}

[purposes.functioning]
exempt = "strictly-necessary"      # needs no consent

[purposes.audience]
exempt = "audience-measurement"    # needs no consent within the limits of the exemption

[purposes.social]

[purposes.advertising]

# Comments open for those who allow social networks; the others are told of another way.
[features.comments]
purpose = "social"
alternative = {alternative}

# One block for each vendor and purpose. A host stands for its subdomains too; names of cookies
# and storage keys may hold *. Without max_age, a cookie ends with the browser's session. Also
# known: storage = ["ea:*"] and policy_url = "https://ads.example/privacy"; where the vendor's
# tags run from your own addresses, paths = ["/metrics/*"]; and where its scripts stand in your
# pages, snippets = ["vendor('init'"], a text that they contain.
"""
_EXAMPLES = """
[[trackers]]
vendor = {name}
purpose = "functioning"
cookies = [{{ name = "session" }}]

[[trackers]]
vendor = "Example Network"
purpose = "social"
hosts = ["network.example"]

[[trackers]]
vendor = "Example Ads"
purpose = "advertising"
hosts = ["ads.example"]
cookies = [{{ name = "_ea*", domain = {domain}, max_age = "6 months" }}]
"""


def starter(name: str, host: str, controller: str, languages: Sequence[str]) -> str:
    """A commented policy file for the site ``host``, TOML.

    What it is given is quoted, not judged: ``bandeau init`` checks the result before it is kept.
    """
    domain = _text(f".{host.removeprefix('www.')}")
    head = starter_head(name, host, controller, languages)
    return head + _EXAMPLES.format(name=_text(name), domain=domain)


def starter_head(name: str, host: str, controller: str, languages: Sequence[str]) -> str:
    """The same without any tracker: site, choice, purposes and features."""
    bare = host.removeprefix("www.")
    letters = f"letters@{bare}"
    return _STARTER.format(
        name=_text(name),
        controller=_text(controller),
        hosts=_list(dict.fromkeys((host, bare))),
        languages=_list(languages),
        language=languages[0],
        alternative=f"{{ {', '.join(f'{each} = {_text(letters)}' for each in languages)} }}",
    )


def _text(value: str) -> str:
    """A TOML basic string; JSON's escapes are among TOML's, but for the bare DEL."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _list(values: Sequence[str] | dict[str, None]) -> str:
    return f"[{', '.join(_text(value) for value in values)}]"
