"""What the law would cite: decisions by the rule that they rest on (reference: sanctions)."""

from __future__ import annotations

from collections.abc import Iterable
from types import MappingProxyType

_AMAZON = "CNIL, Amazon, December 2020, 35 M€: cookies on arrival, purposes and refusal not told"
_GOOGLE_2020 = "CNIL, Google, December 2020, 100 M€: advertising cookies on arrival"
_FIGARO = "CNIL, Le Figaro, July 2021, 50 000 €: partners' cookies before any action"
_GOOGLE_2021 = "CNIL, Google, SAN-2021-023, 150 M€: one click to accept, several to refuse"
_FACEBOOK = "CNIL, Facebook, December 2021, 60 M€: one click to accept, several to refuse"
_MICROSOFT = "CNIL, Microsoft, December 2022, 60 M€: cookie before consent, two clicks to refuse"
_TIKTOK = "CNIL, TikTok, SAN-2022-027, 5 M€: refusing harder than accepting, purposes vague"
_CRITEO = "CNIL, Criteo, SAN-2023-009, 40 M€: partners' consents not verified, withdrawal"
_YAHOO = "CNIL, Yahoo, SAN-2023-024, 10 M€, upheld by Conseil d'État n° 494300, 7 October 2025"
_ORANGE = "CNIL, Orange, SAN-2024-019, 50 M€: cookies still read after withdrawal"
_NOTICES_2024 = "CNIL, formal notices of 12 December 2024: refusal as a weak link, lost in text"
_GOOGLE_2025 = "CNIL, Google, SAN-2025-004, 1 September 2025, 325 M€: express path without refusal"
_SHEIN = "CNIL, Shein, SAN-2025-005, 150 M€: cookies on arrival and after refusal, two interfaces"
_CONDE_NAST = "CNIL, Condé Nast, SAN-2025-010, 20 November 2025, 750 000 €"
_AMEX = "CNIL, American Express, 27 November 2025, 1.5 M€: written after refusal, read after it"
_NOTICES_2026 = (
    "CNIL, formal notices of February 2026: withdrawal without effect, partners not told"
)
_PLANET49 = "CJEU, Planet49, C-673/17, 1 October 2019: no consent by a ticked box"
_FASHION_ID = "CJEU, Fashion ID, C-40/17: who embeds a social button answers for it"
_IAB = "CJEU, IAB Europe, C-604/22, 7 March 2024"
_COUNCIL = "Conseil d'État n° 434684, 19 June 2020: no detriment without a real alternative"

CASES = MappingProxyType(
    {
        "P1": (_AMAZON, _GOOGLE_2020, _FIGARO, _MICROSOFT, _YAHOO, _SHEIN, _CONDE_NAST, _AMEX),
        "P2": (_ORANGE,),
        "P3": (_SHEIN, _FIGARO),
        "P6": (_MICROSOFT,),
        "P9": (_FIGARO, _YAHOO, _CONDE_NAST),
        "B1": (_NOTICES_2024, _GOOGLE_2025),
        "B2": (_GOOGLE_2021, _FACEBOOK, _MICROSOFT, _TIKTOK),
        "B3": (_NOTICES_2024, _NOTICES_2026),
        "B4": (_NOTICES_2024,),
        "B5": (_NOTICES_2024,),
        "B6": (_NOTICES_2024,),
        "B7": (_NOTICES_2024,),
        "B8": (_NOTICES_2024,),
        "B10": (_PLANET49,),
        "B15": (_SHEIN,),
        "I1": (_AMAZON, _SHEIN, _TIKTOK),
        "I4": (_GOOGLE_2025,),
        "I5": (_SHEIN,),
        "I8": (_PLANET49,),
        "I9": (_CONDE_NAST,),
        "F1": (_FASHION_ID,),
        "F5": (_COUNCIL, _YAHOO),
        "L7": (_CRITEO,),
        "R1": (_YAHOO, _SHEIN, _CONDE_NAST, _AMEX),
        "R2": (_ORANGE,),
        "R5": (_GOOGLE_2025, _COUNCIL),
        "T2": (_IAB,),
        "W1": (_CRITEO,),
        "W4": (_ORANGE, _SHEIN, _CONDE_NAST, _AMEX, _NOTICES_2026),
        "W5": (_ORANGE, _CONDE_NAST, _NOTICES_2026),
        "W6": (_ORANGE, _NOTICES_2026),
        "W7": (_CRITEO, _NOTICES_2026),
        "W8": (_YAHOO,),
    }
)


def cases_of(rules: Iterable[str]) -> tuple[str, ...]:
    """Decisions that rest on one of ``rules``, each once, those of the first rule first."""
    return tuple(dict.fromkeys(case for rule in rules for case in CASES.get(rule, ())))
