"""The articles of the demo newspaper: what a front page needs to know of each."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as the paper prints it: ``file`` under ``/static/pictures``, with its credit."""

    file: str
    alt: str
    caption: str
    source: str
    credit: str


@dataclass(frozen=True, slots=True)
class Story:
    """One article. ``body`` is its template, ``published`` an ISO 8601 time, ``day`` its words."""

    path: str
    body: str
    lang: str
    section: str
    headline: str
    lead: str
    byline: str
    published: str
    day: str
    minutes: int
    picture: Picture
    other_languages: tuple[tuple[str, str], ...] = ()


_MUSEUM_LANGUAGES = (
    ("fr", "/articles/apogee-salle-des-cometes"),
    ("en", "/en/articles/apogee-comet-hall"),
    ("ar", "/ar/articles/apogee"),
)

CAR_MAKER = Story(
    path="/articles/ardent-usine-portugal",
    body="ardent.html",
    lang="fr",
    section="Économie",
    headline="Ardent Automobiles regarde vers le Portugal pour sa prochaine usine",
    lead=(
        "Le premier employeur privé de l’estuaire compare trois sites pour assembler sa future "
        "citadine électrique. Port-Aurelle reste dans la course, mais avec deux handicaps : le "
        "prix du terrain et celui de l’énergie."
    ),
    byline="Maëlle Kerdoncuff",
    published="2026-11-23T06:30:00+01:00",
    day="23 novembre 2026 à 6 h 30",
    minutes=4,
    picture=Picture(
        file="usine.svg",
        alt=(
            "Dessin : au crépuscule, une usine aux toits en dents de scie ; devant elle, "
            "des voitures vernies attendent sur un train de marchandises."
        ),
        caption="L’usine de la Prée, à Port-Aurelle, emploie 2 140 personnes.",
        source="Le Phare de l’Estuaire",
        credit="Dessin d’Iris Vaugelade",
    ),
)

MUSEUM = Story(
    path="/articles/apogee-salle-des-cometes",
    body="apogee.html",
    lang="fr",
    section="Culture",
    headline="À Apogée, une salle où l’on marche dans la queue d’une comète",
    lead=(
        "Le musée de l’espace ouvre samedi sa plus grande salle : neuf cents mètres carrés "
        "plongés dans le noir, une capsule revenue d’orbite et trois milligrammes de poussière "
        "plus vieille que le Soleil."
    ),
    byline="Sami Benhaddou",
    published="2026-11-22T18:00:00+01:00",
    day="22 novembre 2026 à 18 heures",
    minutes=4,
    picture=Picture(
        file="comete.svg",
        alt=(
            "Dessin : dans une salle obscure, trois visiteurs lèvent la tête vers une capsule "
            "suspendue, devant une grande comète."
        ),
        caption="La capsule Hélianthe, suspendue à onze mètres du sol, accueille le visiteur.",
        source="Le Phare de l’Estuaire, d’après les plans du musée Apogée",
        credit="Dessin d’Iris Vaugelade",
    ),
    other_languages=_MUSEUM_LANGUAGES,
)

COUNCIL = Story(
    path="/articles/conseil-quais-sans-voitures",
    body="conseil.html",
    lang="fr",
    section="Municipalité",
    headline="Les quais sans voitures : le conseil municipal dit oui, à deux voix près",
    lead=(
        "Après six heures de débat, les élus de Port-Aurelle ont voté vendredi la fermeture des "
        "quais à la circulation de transit. Les commerçants obtiennent une année d’essai et un "
        "bilan public au bout de six mois."
    ),
    byline="Jeanne Lastelle",
    published="2026-11-21T08:15:00+01:00",
    day="21 novembre 2026 à 8 h 15",
    minutes=3,
    picture=Picture(
        file="quais.svg",
        alt=(
            "Dessin : un quai planté d’arbres au bord de l’eau, une cycliste, des promeneurs et, "
            "derrière eux, l’horloge de l’hôtel de ville."
        ),
        caption="Le quai des Gabares, tel que la ville l’imagine au printemps prochain.",
        source="Ville de Port-Aurelle, esquisse de concours",
        credit="Dessin d’Iris Vaugelade / Le Phare",
    ),
)

MUSEUM_ENGLISH = Story(
    path="/en/articles/apogee-comet-hall",
    body="apogee-en.html",
    lang="en",
    section="Culture",
    headline="At Apogée, a hall where you walk through the tail of a comet",
    lead=(
        "On Saturday the space museum opens its largest room: nine hundred square metres of "
        "darkness, a capsule back from orbit, and three milligrams of dust older than the Sun."
    ),
    byline="Sami Benhaddou",
    published="2026-11-22T18:30:00+01:00",
    day="22 November 2026, 6.30 pm",
    minutes=2,
    picture=Picture(
        file="comete.svg",
        alt=(
            "Drawing: in a dark hall three visitors look up at a capsule that hangs "
            "before a great comet."
        ),
        caption="The Hélianthe capsule hangs eleven metres above the floor.",
        source="Le Phare de l’Estuaire, after the museum’s plans",
        credit="Drawing by Iris Vaugelade",
    ),
    other_languages=_MUSEUM_LANGUAGES,
)

MUSEUM_ARABIC = Story(
    path="/ar/articles/apogee",
    body="apogee-ar.html",
    lang="ar",
    section="ثقافة",
    headline="في متحف «أبوجيه»، قاعة يسير فيها الزائر داخل ذيل مذنّب",
    lead=(
        "يفتتح متحف الفضاء يوم السبت أكبر قاعاته: تسعمئة متر مربّع من العتمة، وكبسولة عادت من "
        "المدار، وثلاثة ملّيغرامات من غبار أقدم من الشمس."
    ),
    byline="سامي بن حدّو",
    published="2026-11-22T18:30:00+01:00",
    day="22 نوفمبر 2026",
    minutes=2,
    picture=Picture(
        file="comete.svg",
        alt="رسم: ثلاثة زوّار في قاعة مظلمة ينظرون إلى كبسولة معلّقة أمام مذنّب كبير.",
        caption="كبسولة «هيليانت» معلّقة على ارتفاع أحد عشر متراً.",
        source="لو فار دو ليستوير، استناداً إلى مخطّطات المتحف",
        credit="رسم: إيريس فوجلاد",
    ),
    other_languages=_MUSEUM_LANGUAGES,
)

NETWORKS = Story(
    path="/articles/premiers-messages",
    body="premiers.html",
    lang="fr",
    section="Réseaux",
    headline="Premiers mots : ce que les réseaux ont dit en naissant",
    lead=(
        "Vingt-quatre signes, dix-neuf secondes devant des éléphants, un salon où l’on parle sans "
        "se voir : retour aux premiers messages. Chacun reste chez son réseau tant que vous ne "
        "l’appelez pas."
    ),
    byline="Sami Benhaddou",
    published="2026-11-20T09:00:00+01:00",
    day="20 novembre 2026 à 9 heures",
    minutes=2,
    picture=Picture(
        file="quais.svg",
        alt=(
            "Dessin : un quai planté d’arbres au bord de l’eau, une cycliste, des promeneurs et, "
            "derrière eux, l’horloge de l’hôtel de ville."
        ),
        caption="À Port-Aurelle, on se parle encore sur les bancs du quai des Gabares.",
        source="Ville de Port-Aurelle, esquisse de concours",
        credit="Dessin d’Iris Vaugelade / Le Phare",
    ),
)
"""The one article that embeds networks which exist: theirs is contacted only once it is allowed."""

STORIES = (CAR_MAKER, MUSEUM, COUNCIL, MUSEUM_ENGLISH, MUSEUM_ARABIC)
