"""Which vendor's frame it is, and where a person finds the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandeau.enforcement.vendors import Kind, recognise

FACEBOOK = "https://www.facebook.com/plugins/"
ON_FACEBOOK = "https%3A%2F%2Ffacebook.com%2Fa"
FRAMES = {
    "X": (
        Kind.POST,
        {"https://platform.twitter.com/embed/Tweet.html?id=20": "https://x.com/i/status/20"},
    ),
    "Telegram": (
        Kind.POST,
        {
            "https://t.me/durov/12?embed=1": "https://t.me/durov/12",
            "https://telegram.me/durov/12?embed=1&mode=tme": "https://t.me/durov/12",
        },
    ),
    "YouTube": (
        Kind.VIDEO,
        {
            "https://www.youtube.com/embed/dQw4w9WgXcQ?rel=0": "https://www.youtube.com/watch?v=dQw4w9WgXcQ",
            "https://www.youtube-nocookie.com/embed/a-_b": "https://www.youtube.com/watch?v=a-_b",
            "https://youtube.com/embed/videoseries?list=PL1": "https://www.youtube.com/playlist?list=PL1",
            "https://www.youtube.com/embed?listType=playlist&list=PL1": "https://www.youtube.com/playlist?list=PL1",
            "https://www.youtube.com/embed/live_stream?channel=UC1": "https://www.youtube.com/channel/UC1/live",
            "https://www.youtube.com/v/abc": "https://www.youtube.com/watch?v=abc",
        },
    ),
    "Vimeo": (
        Kind.VIDEO,
        {
            "https://player.vimeo.com/video/76979871": "https://vimeo.com/76979871",
            "https://player.vimeo.com/video/1?h=8272103f6e": "https://vimeo.com/1/8272103f6e",
        },
    ),
    "Dailymotion": (
        Kind.VIDEO,
        {
            "https://www.dailymotion.com/embed/video/x7znrd0": "https://www.dailymotion.com/video/x7znrd0",
            "https://geo.dailymotion.com/player.html?video=x7": "https://www.dailymotion.com/video/x7",
            "https://geo.dailymotion.com/player/xab.html?playlist=x9": "https://www.dailymotion.com/playlist/x9",
        },
    ),
    "Facebook": (
        Kind.POST,
        {
            f"{FACEBOOK}post.php?width=9&href={ON_FACEBOOK}": "https://facebook.com/a",
        },
    ),
    "Instagram": (
        Kind.POST,
        {
            "https://www.instagram.com/p/CxY_-1/embed/captioned/": "https://www.instagram.com/p/CxY_-1/",
            "https://www.instagram.com/reel/Ab1/embed": "https://www.instagram.com/reel/Ab1/",
        },
    ),
    "TikTok": (
        Kind.VIDEO,
        {
            "https://www.tiktok.com/embed/v2/7106594312292453678": "https://www.tiktok.com/@/video/7106594312292453678",
            "https://www.tiktok.com/player/v1/71": "https://www.tiktok.com/@/video/71",
        },
    ),
    "Spotify": (
        Kind.AUDIO,
        {
            "https://open.spotify.com/embed/track/4c?utm=1": "https://open.spotify.com/track/4c",
            "https://open.spotify.com/embed-podcast/episode/5d": "https://open.spotify.com/episode/5d",
        },
    ),
    "SoundCloud": (
        Kind.AUDIO,
        {
            "https://w.soundcloud.com/player/?url=https%3A//soundcloud.com/a/b": "https://soundcloud.com/a/b",
            "https://w.soundcloud.com/player/?url=https%3A//api.soundcloud.com/tracks/1": "https://w.soundcloud.com/player/?url=https%3A//api.soundcloud.com/tracks/1",
        },
    ),
    "Google Maps": (
        Kind.MAP,
        {
            "https://www.google.com/maps/embed?pb=!1m18!1m12!1m3!1d2!2d4.8357!3d45.764!2m3": "https://www.google.com/maps/search/?api=1&query=45.764,4.8357",
            "https://www.google.com/maps/embed/v1/place?key=K&q=Quai%20des%20Gabares": "https://www.google.com/maps/search/?api=1&query=Quai%20des%20Gabares",
            "https://maps.google.fr/maps?q=Nantes+port&output=embed": "https://www.google.com/maps/search/?api=1&query=Nantes%20port",
            "https://www.google.com/maps/d/u/0/embed?mid=1aB": "https://www.google.com/maps/d/viewer?mid=1aB",
            "https://www.google.co.uk/maps?ll=1,2": "https://www.google.com/maps",
        },
    ),
    "OpenStreetMap": (
        Kind.MAP,
        {
            "https://www.openstreetmap.org/export/embed.html?bbox=-2,47,-1,48&marker=47.2%2C-1.5": "https://www.openstreetmap.org/?mlat=47.2&mlon=-1.5#map=15/47.2/-1.5",
            "https://www.openstreetmap.org/export/embed.html?bbox=-2%2C47%2C-1%2C48": "https://www.openstreetmap.org/?bbox=-2,47,-1,48",
        },
    ),
    "Clubhouse": (
        Kind.ROOM,
        {"https://www.clubhouse.com/embed/room/M1x": "https://www.clubhouse.com/room/M1x"},
    ),
    "LinkedIn": (
        Kind.POST,
        {
            "https://www.linkedin.com/embed/feed/update/urn:li:share:70": "https://www.linkedin.com/feed/update/urn:li:share:70"
        },
    ),
    "Reddit": (
        Kind.POST,
        {
            "https://embed.reddit.com/r/france/comments/1abc/un_titre/?embed=true": "https://www.reddit.com/r/france/comments/1abc/un_titre/"
        },
    ),
    "Mastodon": (
        Kind.POST,
        {"https://social.example/@anna/112/embed": "https://social.example/@anna/112"},
    ),
    "Bluesky": (
        Kind.POST,
        {
            "https://embed.bsky.app/embed/did:plc:abc/app.bsky.feed.post/3k?id=1": "https://bsky.app/profile/did:plc:abc/post/3k"
        },
    ),
}


@pytest.mark.parametrize(
    ("vendor", "kind", "frame", "link"),
    [(vendor, kind, *pair) for vendor, (kind, told) in FRAMES.items() for pair in told.items()],
)
def test_a_known_frame_has_a_name_and_a_page_for_people(
    vendor: str, kind: Kind, frame: str, link: str
) -> None:
    assert recognise(frame) == (vendor, kind, link)


def test_a_facebook_video_is_one() -> None:
    frame = "https://www.facebook.com/v18.0/plugins/video.php?href=https%3A%2F%2Ffacebook.com%2Fv"
    assert recognise(frame) == ("Facebook", Kind.VIDEO, "https://facebook.com/v")


def test_buttons_that_share_are_told_from_what_they_share() -> None:
    for frame in (
        "https://www.facebook.com/plugins/like.php?href=https%3A%2F%2Fpaper.test",
        "https://platform.twitter.com/widgets/tweet_button.html#url=x",
    ):
        assert recognise(frame).kind is Kind.SHARE


@pytest.mark.parametrize(
    "frame",
    [
        "https://www.youtube.com.evil.test/embed/abc",
        "https://evil.test/www.youtube.com/embed/abc",
        "https://maps.google.evil.test/maps?q=x",
        "https://t.me.evil.test/a/12",
        "https://widget.test/{id}?{a}={b}",
        "https://[::1/x",
    ],
)
def test_others_are_nobody_known(frame: str) -> None:
    assert recognise(frame) == ("", Kind.OTHER, frame)


def test_a_link_of_ours_never_leads_where_a_parameter_wants() -> None:
    for elsewhere in ("https%3A%2F%2Fevil.test%2F", "javascript%3Aalert(1)", "//evil.test"):
        frame = f"https://www.facebook.com/plugins/post.php?href={elsewhere}"
        assert recognise(frame).link == frame


@given(st.text(max_size=80), st.text(max_size=80))
def test_any_address_is_read(path: str, query: str) -> None:
    for host in ("www.youtube.com/embed", "www.google.com/maps/embed", "x.test"):
        url = f"https://{host}/{path}?{query}"
        assert recognise(url).link.startswith("https://")
