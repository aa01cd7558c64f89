"""Which purpose the name of one says, in the languages of the product."""

from __future__ import annotations

import pytest

from bandeau.audit.purposes import purpose_named


@pytest.mark.parametrize(
    ("label", "purpose"),
    [
        ("Publicidad personalizada", "advertising"),
        ("Personalisierte Werbung", "advertising"),
        ("Personalised content", "personalisation"),
        ("Estadísticas", "statistics"),
        ("Estatísticas", "statistics"),
        ("Análise de audiência", "statistics"),
        ("Statystyka", "statistics"),
        ("Advertenties", "advertising"),
        ("Reklama", "advertising"),
        ("Redes sociais", "social"),
        ("Funcionales y técnicas", "functioning"),
        ("Strictly necessary", "functioning"),
        ("Statistics and marketing", ""),
        ("Partners", ""),
    ],
)
def test_the_name_of_a_purpose(label: str, purpose: str) -> None:
    assert purpose_named(label) == purpose
