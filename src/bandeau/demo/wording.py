"""The words around the articles, in the languages of the paper."""

from __future__ import annotations

LANGUAGES = (
    ("fr", "/", "Français"),
    ("en", "/en/articles/apogee-comet-hall", "English"),
    ("ar", "/ar/articles/apogee", "العربية"),
)

SECTIONS = {
    "fr": (
        ("/", "À la une"),
        ("/articles/ardent-usine-portugal", "Économie"),
        ("/articles/apogee-salle-des-cometes", "Culture"),
        ("/articles/conseil-quais-sans-voitures", "Municipalité"),
        ("/articles/premiers-messages", "Réseaux"),
    ),
    "en": (
        ("/", "Front page (French)"),
        ("/en/articles/apogee-comet-hall", "Culture"),
    ),
    "ar": (
        ("/", "الصفحة الأولى (بالفرنسية)"),
        ("/ar/articles/apogee", "ثقافة"),
    ),
}

WORDS = {
    "fr": {
        "paper": "Le Phare de l’Estuaire",
        "motto": "Le quotidien des deux rives depuis 1894",
        "today": "Lundi 23 novembre 2026",
        "skip": "Aller au contenu",
        "sections_label": "Rubriques",
        "by": "Par",
        "minutes": "{} min de lecture",
        "source": "Source : ",
        "aside": "Autour de l’article",
        "read_also": "À lire aussi",
        "back": "Retour à la une",
        "follow": "Suivez-nous sur",
        "join_room": "Rejoindre le salon",
        "advertisement": "Publicité",
        "privacy": "Vie privée",
        "backstage": "Coulisses : ce qu’ils savent",
        "about": (
            "Journal imaginaire, écrit et dessiné pour la démonstration. Les personnes, les "
            "entreprises et les villes citées n’existent pas."
        ),
    },
    "en": {
        "paper": "Le Phare de l’Estuaire",
        "motto": "The daily of both banks since 1894",
        "today": "Monday 23 November 2026",
        "skip": "Skip to content",
        "sections_label": "Sections",
        "by": "By",
        "minutes": "{} min read",
        "source": "Source: ",
        "aside": "Beside this article",
        "read_also": "Read also",
        "back": "Back to the front page",
        "follow": "Follow us on",
        "join_room": "Join the room",
        "advertisement": "Advertisement",
        "privacy": "Privacy",
        "backstage": "Backstage: what they know",
        "about": (
            "An imaginary paper, written and drawn for the demonstration. The people, companies "
            "and towns in it do not exist."
        ),
    },
    "ar": {
        "paper": "لو فار دو ليستوير",
        "motto": "صحيفة الضفّتين اليومية منذ 1894",
        "today": "الاثنين 23 نوفمبر 2026",
        "skip": "انتقل إلى المحتوى",
        "sections_label": "الأقسام",
        "by": "بقلم",
        "minutes": "دقيقتان للقراءة",
        "source": "المصدر: ",
        "aside": "حول المقال",
        "read_also": "اقرأ أيضاً",
        "back": "العودة إلى الصفحة الأولى",
        "follow": "تابعونا على",
        "join_room": "انضمّ إلى الغرفة",
        "advertisement": "إعلان",
        "privacy": "الخصوصية",
        "backstage": "الكواليس: ما الذي يعرفونه",
        "about": (
            "صحيفة متخيَّلة كُتبت ورُسمت للعرض. الأشخاص والشركات والمدن المذكورة فيها لا وجود لها."
        ),
    },
}

BRIEFS = (
    ("7 h 10", "Le bac de Lanvé reprend son service après trois jours de brume."),
    ("8 h 45", "Une loutre observée au pied du pont ferroviaire, la première depuis 1971."),
    ("9 h 30", "Le lycée Jacquard reçoit 46 ordinateurs remis à neuf par ses élèves."),
    ("10 h 05", "Les Gabiers s’imposent 27 à 24 et gardent la tête de la poule ouest."),
    ("11 h 20", "Huîtres : la récolte s’annonce bonne, les prix resteront stables."),
)

TIDES = (
    ("Pleine mer", "4 h 52", "5,60 m"),
    ("Basse mer", "11 h 14", "1,15 m"),
    ("Pleine mer", "17 h 18", "5,75 m"),
    ("Basse mer", "23 h 41", "0,95 m"),
)
