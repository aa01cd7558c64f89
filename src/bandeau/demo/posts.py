"""What people published on the two pretend social networks, as the articles embed it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Post:
    """A short post on Mouette."""

    author: str
    handle: str
    text: str
    day: str
    likes: int
    lang: str = "fr"


@dataclass(frozen=True, slots=True)
class Video:
    """A video on Bulles; ``length`` as the player shows it."""

    title: str
    channel: str
    length: str
    views: str
    sky: str
    glow: str


@dataclass(frozen=True, slots=True)
class Room:
    """A live audio room on Bulles."""

    title: str
    host: str
    speakers: tuple[str, ...]
    listeners: int


POSTS = {
    "ardent-intersyndicale": Post(
        author="Intersyndicale Ardent",
        handle="@inter_ardent",
        text=(
            "Trois sites « à égalité » ? Alors que la direction publie les trois dossiers. Les "
            "salariés de la Prée ne demandent pas de cadeau, ils demandent à voir les comptes."
        ),
        day="22 novembre 2026",
        likes=412,
    ),
    "apogee-poussiere": Post(
        author="Musée Apogée",
        handle="@musee_apogee",
        text=(
            "Trois milligrammes. C’est peu ? C’est 4,6 milliards d’années de voyage. "
            "Rendez-vous samedi, 10 heures, sous la capsule."
        ),
        day="20 novembre 2026",
        likes=1893,
    ),
    "quais-velo": Post(
        author="Nadège, libraire du quai",
        handle="@aux_deux_rives",
        text=(
            "J’étais contre. Puis j’ai compté les clients des dimanches sans voitures. "
            "J’attends le bilan des six mois, et je le lirai ligne à ligne."
        ),
        day="20 novembre 2026",
        likes=267,
    ),
}

VIDEOS = {
    "ardent-presse": Video(
        title="Dans l’atelier des presses d’Ardent",
        channel="Le Phare, en images",
        length="3:42",
        views="18 204 vues",
        sky="#3a1d2c",
        glow="#e8893c",
    ),
    "apogee-montage": Video(
        title="Suspendre deux tonnes : le montage de la capsule",
        channel="Musée Apogée",
        length="5:16",
        views="41 770 vues",
        sky="#0d1b3e",
        glow="#9cc8ff",
    ),
}

ROOMS = {
    "nuit-des-cometes": Room(
        title="La nuit des comètes : posez vos questions à l’équipe du musée",
        host="Musée Apogée",
        speakers=("Inès Caradec", "Paul Ouvrard", "Sami B."),
        listeners=238,
    ),
    "apres-le-vote": Room(
        title="Après le vote : qui gagne, qui perd sur les quais ?",
        host="Le Phare de l’Estuaire",
        speakers=("Jeanne L.", "Nadège", "Collectif Quai Vif"),
        listeners=121,
    ),
}
