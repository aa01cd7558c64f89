"""What the words of a notice mean, in seventeen languages, and what is no notice at all."""

from __future__ import annotations

import pytest

from bandeau.audit.shown import Role
from bandeau.audit.wording import Asking, Labelled
from bandeau.robot.wordings import wording

LABELS = {
    Role.ACCEPT: "Accept all|Accept only functional and analytics cookies|"
    "J'accepte|Alle akzeptieren|Aceptar todo|Accetta tutti|Akkoord|"
    "Zaakceptuj wszystko|Aceitar todos|Принять все|قبول الكل|OK, tout accepter|Got it!|"
    "Acceptera alla kakor|Tillad alle|Godta alle|Přijmout vše|Accept toate|Összes elfogadása|"
    "Αποδοχή όλων",
    Role.REFUSE: "Reject all|Continuer sans accepter|Alle ablehnen|Rechazar todo|Rifiuta tutti|"
    "Weigeren|Odrzuć wszystko|Rejeitar todos|Отклонить все|رفض الكل|Don't accept|No, thanks|"
    "Accept only necessary cookies|Nur notwendige Cookies akzeptieren|"
    "Only accept technically necessary|Just the essentials, please|N'accepter que l'essentiel|"
    "Nur technisch notwendige zulassen|Solo las técnicas|Accetta solo i tecnici|"
    "Zaakceptuj tylko wymagane|Разрешить только технические|Neka alla|Endast nödvändiga kakor|"
    "Afvis alle|Kun nødvendige|Avslå alle|Bare nødvendige|Odmítnout vše|Jen nezbytné|Refuz toate|"
    "Doar cele necesare|Elutasítom|Csak a szükséges sütik|Απόρριψη όλων|Μόνο τα απαραίτητα",
    Role.CUSTOMISE: "Manage preferences|Personnaliser|Einstellungen|Configurar|Personalizza|"
    "Instellingen|Ustawienia|Gerir opções|Настроить|تخصيص|Scelta dettagliata|"
    "Cookieinställningar|Indstillinger|Tilpass valg|Nastavení cookies|Setări cookie|"
    "Süti beállítások|Ρυθμίσεις cookies",
    Role.SAVE: "Save my choices|Enregistrer mes choix|Auswahl speichern|Accept selected|"
    "Guardar preferencias|Salva|Opslaan|Zapisz|Guardar|Сохранить|حفظ|Spara mina val|"
    "Gem valg|Lagre valg|"
    "Uložit výběr|Salvează setările|Beállítások mentése|Αποθήκευση επιλογών",
    Role.CLOSE: "×|Close|Fermer|Schließen|Cerrar|Chiudi|Sluiten|Zamknij|Fechar|Закрыть|إغلاق",
    Role.POLICY: "Cookie policy|Politique de confidentialité|Datenschutzerklärung",
    Role.PARTNERS: "Our partners|Voir nos 842 partenaires|Lista partnerów",
    Role.OTHER: "Subscribe|S'inscrire|Sign up|Je m'abonne|Read story 7",
}


@pytest.mark.parametrize("role", LABELS, ids=str)
def test_labels_tell_what_a_control_does(role: Role) -> None:
    found = {label: wording().role(Labelled(label)) for label in LABELS[role].split("|")}
    assert found == dict.fromkeys(found, role)


def asks(prose: str, *labels: str, fields: int = 0) -> bool:
    controls = tuple(Labelled(label) for label in labels)
    text = f"{prose}\n{' '.join(labels)}"
    return wording().asks(Asking(text, prose, controls, fields=fields))


def test_only_what_asks_for_consent_is_a_notice() -> None:
    assert asks("We use cookies.", "OK")
    assert asks("Nous et nos partenaires utilisons des traceurs.", "Accepter", "Refuser")
    assert asks("We process your personal information.", "Accept", "Decline")
    assert not asks("Subscribe to our newsletter.", "Accept and subscribe", "No thanks", fields=1)
    assert not asks("Sign in. By continuing you agree to our terms.", "Continue", fields=2)
    assert not asks("You have read 3 free stories.", "Subscribe", "No thanks")
    assert not asks("The cookies of my grandmother.", "Subscribe")
    assert not asks("", "Cookie settings", "Withdraw consent")
    footer = (Labelled("Cookie settings"), Labelled("Refuse cookies"))
    told = "You have allowed cookies."
    assert not wording().asks(Asking(told, told, footer, floats=False))


def test_what_leads_back_to_the_choices_is_known_by_its_words() -> None:
    back = ["Cookie settings", "Gérer mes cookies", "Einwilligung widerrufen", "إعدادات الكوكيز"]
    other = ["Privacy policy", "Settings", "Politique de cookies", "Newsletter"]
    words = wording()
    assert [label for label in back if not words.leads_back(Labelled(label), afloat=False)] == []
    assert [label for label in other if words.leads_back(Labelled(label), afloat=False)] == []
    assert words.leads_back(Labelled("", "Cookies"), afloat=True)


def test_what_takes_a_consent_back_at_once_is_known_by_its_words() -> None:
    labels = (
        "Withdraw consent|Retirer mon consentement|Einwilligung widerrufen|Revocar consentimiento"
    )
    labels += "|Revoca il consenso|Toestemming intrekken|Wycofaj zgodę|Retirar consentimento"
    labels += "|Отозвать согласие|سحب الموافقة"
    words = wording()
    known = {each: words.takes_back(Labelled(each)) for each in labels.split("|")}
    assert known == dict.fromkeys(known, True)
    for other in ("Cookie settings", "Widerruf", "Withdraw from the race", "Refuse all cookies"):
        assert not words.takes_back(Labelled(other))
    assert not words.takes_back(Labelled("How to withdraw your consent", leads=True))


def test_a_notice_that_names_no_subject_is_known_by_its_controls() -> None:
    pair = (Labelled("Accept all"), Labelled("Reject all"))
    told = "We want you to have a good time here."
    policy = Labelled("Privacy policy", leads=True)
    assert wording().asks(Asking(told, told, (*pair, policy)))
    layered = (Labelled("Accept all"), Labelled("Customise"), policy)
    assert wording().asks(Asking(told, told, layered))
    assert not wording().asks(Asking(told, told, layered, inside=True, floats=False, fields=1))
    assert not wording().asks(Asking(told, told, pair))
    assert not wording().asks(Asking(told, told, (Labelled("OK"), policy)))
