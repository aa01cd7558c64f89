"""What public lists and names say of a site's things, where no policy file does."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from bandeau.audit.addresses import bare, host_of
from bandeau.audit.finding import Source
from bandeau.audit.knowledge import Basis, Known
from bandeau.audit.tables import PURPOSES, HostRules, ListedCookie, ListedCookies, Parties
from bandeau.enforcement.folding import Registrable
from bandeau.policy.match import suffixes
from bandeau.policy.model import KNOWN_PURPOSES
from bandeau.policy.vendors import Vendor, Vendors

OWN = Known(Basis.LIST, "functioning", gated=False, source="the site's own host")
UNLESS_EXEMPT = "exempt only within CNIL's limits for audience measurement"
"""Said of what can be configured so that it needs no consent."""
_NOTHING = Known(Basis.NOTHING)
_VENDORS = "Bandeau's table of vendors"
_CONSENT_TOOLS = "Bandeau's table of consent tools"
_EXEMPT = frozenset(key for key, known in KNOWN_PURPOSES.items() if known.exemption)
_LEAST_NAME = 4
_CONSENT = re.compile(
    r"consent|cookie[-_ ]?(law|notice|policy|choice|control|bar|pref|settings|accept|status)"
    r"|accept.{0,6}cookie|gdpr|rgpd|dsgvo|ccpa|eupubconsent|usprivacy|tarteaucitron|klaro|orejime"
    r"|axeptio|didomi|cmplz|cookieyes|onetrust|optanon|borlabs|^cc_cookie$|^fc(cdcf|nec)$"
    r"|^tcpid$|^real_cookie_banner|^_sp_(su|v1_)|^iabgpp_|^sncmp$|^_swb|^civic|cookies_(accepted|policy)"
    r"|^_cmp|^cmp[-_:.]|^moove_|^c15t|^uc_(settings|user_\w+|gcm|ab_variant)|^ucdata|^termly|^truste"
    r"|^notice_(preferences|behavior)|^cmapi_|^osano_|^_iub_cs",
    re.IGNORECASE,
)
# Hosts of tools that ask for consent, which the list of parties has under others, or not at all.
_TOOLS = frozenset({
    "appconsent.io", "axept.io", "borlabs.io", "cdn-cookieyes.com", "civiccomputing.com",
    "clickiocmp.com", "cmp.inmobi.com", "cmp.quantcast.com", "complianz.io", "consensu.org",
    "consentframework.com", "consentmanager.net", "cookie-script.com", "cookiebot.com",
    "cookiecode.nl", "cookiefirst.com", "cookiehub.eu", "cookiehub.net", "cookieinformation.com",
    "cookielaw.org", "cookiepro.com", "cookieyes.com", "didomi.io", "iubenda.com", "ketchcdn.com",
    "onetrust.com", "osano.com", "privacy-center.org", "privacy-mgmt.com", "privacymanager.io",
    "secureprivacy.ai", "securiti.ai", "termly.io", "transcend-cdn.com", "transcend.io",
    "trustarc.com", "trustcommander.net", "usercentrics.eu",
})  # fmt: skip
_NEEDED = re.compile(
    r"^(__host-|__secure-)?(.*sess(ion)?([-_]?id)?|phpsessid|jsessionid|asp\.net_sessionid|sid"
    r"|connect\.sid|.*(csrf|xsrf).*|.*requestverificationtoken.*|lang(uage)?|locale|currency|theme"
    r"|dark[-_]?mode|cart([-_].*)?|basket([-_].*)?|auth([-_]?token)?|logged[-_]?in"
    r"|panier|warenkorb|varukorg|handlekurv|indkobskurv|kosik|koszyk|carrito|cesta|carrello"
    r"|carrinho|winkelwagen|winkelmand|mandje|kosar"
    r"|bigipserver.*|aws(alb|elb).*|__cf_bm|cf_clearance|__cflb|nlbi_.*|incap_ses_.*|server(id)?)$",
    re.IGNORECASE,
)
# Records of Google's own consent tool, which the list has under statistics.
_LISTED_WRONGLY = frozenset({"FCCDCF", "FCNEC"})
_MEASUREMENT = re.compile(r"^(_pk_(id|ses|ref|hsr|cvar)|atuserid|atidvisitor|_pcid|pa_|plausible_)")


@dataclass(frozen=True, slots=True)
class Lists:
    """The lists as they were read; ``rules`` are of a file that the user named."""

    parties: Parties
    cookies: ListedCookies
    vendors: Vendors
    rules: HostRules | None = None

    @property
    def sources(self) -> tuple[Source, ...]:
        """Their names, versions and digests."""
        more = (self.rules.source,) if self.rules else ()
        return (self.parties.source, self.cookies.source, *more)


class ByLists:
    """A :class:`~bandeau.audit.knowledge.Knowledge` without a policy file.

    The publisher's hosts are those of the registrable domain of ``site``, the audited host.
    """

    declared = False

    def __init__(self, site: str, lists: Lists, registrable: Registrable) -> None:
        self._lists = lists
        self._registrable = registrable
        self._site = self.domain(site)

    def domain(self, host: str) -> str:
        """The registrable domain of ``host``, or ``host`` where there is none."""
        name = host.lower().removesuffix(".")
        return self._registrable(name) or name

    def own(self, host: str) -> bool:
        """Whether ``host`` has the registrable domain of the audited one."""
        return self.domain(host) == self._site

    def host(self, host: str) -> Known:
        """By Bandeau's own table, then the list of parties, then the user's rules."""
        if self.own(host):
            return OWN
        if not _TOOLS.isdisjoint(suffixes(host)):
            return Known(Basis.LIST, "functioning", "", gated=False, source=_CONSENT_TOOLS)
        party = self._lists.parties.host(host)
        vendor = self._lists.vendors.host(host)
        if vendor is not None and vendor.purpose:
            return _of_vendor(vendor)
        if self._lists.rules and self._lists.rules.names(host):
            name = party.name if party else ""
            return Known(Basis.LIST, "", name, gated=True, source=self._lists.rules.source.name)
        if party is None:
            return _NOTHING if vendor is None else _of_vendor(vendor)
        name = vendor.name if vendor else party.name
        return _listed(PURPOSES.get(party.category, ""), name, self._lists.parties.source.name)

    def address(self, url: str) -> Known:
        """As its host; paths of the site's own are its own."""
        return self.host(host_of(url))

    def cookie(self, name: str, domain: str) -> Known:
        """By name on the site's own hosts; elsewhere as the host it belongs to, then by name."""
        host = bare(domain)
        if not self.own(host):
            known = self.host(host)
            return known if known.gated is not None else self._by_name(name, host) or known
        return self._by_name(name, host) or _by_custom(name) or _NOTHING

    def stored(self, key: str, host: str) -> Known:
        """The same for a storage key."""
        if not self.own(host):
            return self.host(host)
        vendor = self._lists.vendors.storage(key)
        if vendor is not None and vendor.purpose:
            return _of_vendor(vendor)
        return self._by_name(key, host) or _by_custom(key) or _NOTHING

    def allowed(self, purpose: str, granted: frozenset[str]) -> bool:
        """Whether it is exempt or granted. A social network's host serves advertising too."""
        social = purpose == "social" and "advertising" in granted
        return purpose in _EXEMPT or purpose in granted or social

    @property
    def public(self) -> ByLists:
        """Itself."""
        return self

    @property
    def sources(self) -> tuple[Source, ...]:
        """The lists."""
        return self._lists.sources

    def _by_name(self, name: str, host: str) -> Known | None:
        known = self._named(name, host)
        if known is None or not _MEASUREMENT.match(name):
            return known
        return replace(known, source=f"{known.source}, {UNLESS_EXEMPT},")

    def _named(self, name: str, host: str) -> Known | None:
        if name in _LISTED_WRONGLY:
            return None
        vendor = self._lists.vendors.cookie(name)
        if vendor is not None and vendor.purpose:
            return _of_vendor(vendor)
        found = [each for each in self._lists.cookies.all(name) if _meant(each, host)]
        purposes = {PURPOSES.get(each.category, "") for each in found}
        if not found or (len(purposes) > 1 and "functioning" in purposes):
            return None
        source = self._lists.cookies.source.name
        return _listed(PURPOSES.get(found[0].category, ""), found[0].platform, source)


def _meant(listed: ListedCookie, host: str) -> bool:
    """Whether a list's entry can be this cookie: names without a mark of a vendor are many's."""
    if listed.domain:
        told = listed.name.startswith("_") and len(listed.name) >= _LEAST_NAME
        return told or host == listed.domain or host.endswith(f".{listed.domain}")
    return len(listed.name.rstrip("*")) >= _LEAST_NAME or listed.name.startswith("_")


def _of_vendor(vendor: Vendor) -> Known:
    return _listed(vendor.purpose or "", vendor.name, _VENDORS)


def _listed(purpose: str, vendor: str, source: str) -> Known:
    gated = None if not purpose else purpose not in _EXEMPT
    return Known(Basis.LIST, purpose, vendor, gated=gated, source=source)


def _by_custom(name: str) -> Known | None:
    if _CONSENT.search(name):
        return Known(Basis.GUESS, "functioning", gated=False, source="named like a stored choice")
    if _NEEDED.match(name):
        return Known(Basis.GUESS, "functioning", gated=False, source="named like what a site needs")
    return None
