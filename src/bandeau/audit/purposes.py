"""Words for purposes, as notices of any tool have them, in the languages of the product."""

from __future__ import annotations

import re
from types import MappingProxyType

_WORDS = MappingProxyType(
    {
        "functioning": r"necess|nécess|necesar|essent|esencia|requis|required|obligato|notwendig"
        r"|erforderlich|techni|técnic|fonctionnement|functioning|funktional|strictly|imprescindib"
        r"|noodzakelijk|niezbędn|необходим|ضروري|nödvänd|nødvend|påkræv|påkrev|nezbytn|nutn[éáý]"
        r"|szükség|alapvető|απαραίτητ|αναγκαί|λειτουργικ",
        "social": r"social|sociaux|sociai|sozial|społeczn|социальн|اجتماعي|facebook|instagram"
        r"|tiktok|youtube|sosial|sociáln|közösségi|κοινωνικ",
        "advertising": r"publici[td]|pubblicit|advert|\bads?\b|\bpub\b|werb|marketing|market|target"
        r"|cibl|reclame|reklam|reklám|реклам|маркетинг|إعلان|اعلان|تسويق|remarketing|annons|annonc"
        r"|annonse|marknadsför|markedsfør|riktad|målrett|hirdet|διαφήμ|διαφημ|μάρκετινγκ",
        "statistics": r"statist|estad[ií]st|estat[ií]st|statyst|analy[ts]|an[aá]li|mesure|measure"
        r"|audience|performance|misur|medici|medição|messung|reichweite|leistung|rendimiento"
        r"|desempenho|meting|pomiar|статисти|аналит|измерен|إحصا|احصا|تحليل|قياس|mätning|måling"
        r"|ydeevne|ytelse|měření|statiszt|elemz|mérés|látogatotts|στατιστ|ανάλυσ|αναλυτ|μέτρησ"
        r"|besöksm|návštěvn|măsur",
        "personalisation": r"personali[sz]|personnalis|preferen|preferên|préférence|präferenz"
        r"|personalizz|voorkeur|персонал|предпочт|تخصيص|تفضيل|functional|fonctionnel|comfort|komfort"
        r"|personlig|persontilpass|přizpůsob|testreszab|személyre|εξατομ|προτιμήσ",
    }
)
_SEARCHES = {purpose: re.compile(words, re.IGNORECASE) for purpose, words in _WORDS.items()}


def purpose_named(label: str) -> str:
    """The product's purpose that ``label`` names, or nothing where it names several.

    *Personalised advertising* is advertising.
    """
    named = [purpose for purpose, words in _SEARCHES.items() if words.search(label)]
    if named == ["advertising", "personalisation"]:
        return "advertising"
    return named[0] if len(named) == 1 else ""


def purposes_told(text: str) -> frozenset[str]:
    """Every purpose that a notice's text speaks of."""
    return frozenset(purpose for purpose, words in _SEARCHES.items() if words.search(text))
