"""Words for purposes, as notices of any tool have them, in the languages of the product."""

from __future__ import annotations

import re
from types import MappingProxyType

_WORDS = MappingProxyType(
    {
        "functioning": r"necess|nécess|essent|requis|required|obligato|notwendig|erforderlich"
        r"|techni|fonctionnement|functioning|funktional|strictly|imprescindib|необходим|ضروري",
        "social": r"social|sociaux|sozial|социальн|اجتماعي|facebook|instagram|tiktok|youtube",
        "advertising": r"publicit|pubblicit|advert|\bads?\b|\bpub\b|werb|marketing|market|target"
        r"|cibl|реклам|маркетинг|إعلان|اعلان|تسويق|remarketing",
        "statistics": r"statist|analy[ts]|anali|mesure|measure|audience|performance|misur|medici"
        r"|messung|reichweite|leistung|rendimiento|статисти|аналит|измерен|إحصا|احصا|تحليل|قياس",
        "personalisation": r"personali[sz]|personnalis|preferen|préférence|präferenz|personalizz"
        r"|персонал|предпочт|تخصيص|تفضيل|functional|fonctionnel|comfort|komfort",
    }
)
_SEARCHES = {purpose: re.compile(words, re.IGNORECASE) for purpose, words in _WORDS.items()}


def purpose_named(label: str) -> str:
    """The product's purpose that ``label`` names, or nothing. The last named of several counts,
    since *strictly necessary* stands before what it is said of."""
    named = [purpose for purpose, words in _SEARCHES.items() if words.search(label)]
    return named[0] if len(named) == 1 else ""


def purposes_told(text: str) -> frozenset[str]:
    """Every purpose that a notice's text speaks of."""
    return frozenset(purpose for purpose, words in _SEARCHES.items() if words.search(text))
