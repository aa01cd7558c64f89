"""What a terminal tells of itself: the words of an ordinary browser, never of a robot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bandeau.audit.evidence import Device, Setting
from bandeau.robot.camera import DESKTOP, MOBILE
from bandeau.robot.session import PAGES, Session

# The getter is made of a native one, so that it looks as the browser's own do.
_SIGNAL = """Object.defineProperty(Navigator.prototype, "globalPrivacyControl", {
  configurable: true, enumerable: true,
  get: new Proxy(Object.getOwnPropertyDescriptor(Navigator.prototype, "cookieEnabled").get,
    {apply: () => true}),
});"""
_DEFAULT_LANGUAGE = "en-US"


@dataclass(frozen=True, slots=True)
class Guise:
    """Window and words of a terminal. ``languages`` are as ``Accept-Language`` lists them."""

    width: int
    height: int
    phone: bool
    agent: str
    metadata: dict[str, Any]
    languages: str
    signal: bool

    def worn_by(self, session: Session) -> None:
        """Tell a target, before it runs, what it is to say of itself."""
        session.send(
            "Emulation.setUserAgentOverride",
            userAgent=self.agent,
            acceptLanguage=self.languages,
            platform="Linux armv81" if self.phone else "Linux x86_64",
            userAgentMetadata=self.metadata,
        )
        if self.signal:
            session.send("Network.enable")
            session.send("Network.setExtraHTTPHeaders", headers={"Sec-GPC": "1"})
        if session.kind not in PAGES:
            return
        session.send("Page.enable")
        if self.signal:
            session.send("Page.addScriptToEvaluateOnNewDocument", source=_SIGNAL)
        session.send("Emulation.setLocaleOverride", locale=self.languages.partition(",")[0])
        if session.kind == "page":
            self._sized(session)

    def _sized(self, session: Session) -> None:
        session.send(
            "Emulation.setDeviceMetricsOverride",
            width=self.width,
            height=self.height,
            screenWidth=self.width,
            screenHeight=self.height,
            deviceScaleFactor=1,
            mobile=self.phone,
        )
        session.send("Emulation.setTouchEmulationEnabled", enabled=self.phone, maxTouchPoints=5)


def guise_of(setting: Setting, version: str) -> Guise:
    """The guise for a setting, in a Chromium of this ``version`` such as ``156.0.8078.79``."""
    phone = setting.device is Device.PHONE
    window = MOBILE if phone else DESKTOP
    major = version.partition(".")[0]
    system = "Linux; Android 10; K" if phone else "X11; Linux x86_64"
    mobile = " Mobile" if phone else ""
    return Guise(
        width=window.width,
        height=window.height,
        phone=phone,
        agent=f"Mozilla/5.0 ({system}) AppleWebKit/537.36 (KHTML, like Gecko) "
        f"Chrome/{major}.0.0.0{mobile} Safari/537.36",
        metadata=_metadata(major, version, phone),
        languages=_languages(setting.language or _DEFAULT_LANGUAGE),
        signal=setting.signal,
    )


def _metadata(major: str, version: str, phone: bool) -> dict[str, Any]:
    names = (
        ("Not/A)Brand", "24", "24.0.0.0"),
        ("Chromium", major, version),
        ("Google Chrome", major, version),
    )
    return {
        "brands": [{"brand": name, "version": short} for name, short, _ in names],
        "fullVersionList": [{"brand": name, "version": full} for name, _, full in names],
        "platform": "Android" if phone else "Linux",
        "platformVersion": "10.0.0" if phone else "6.1.0",
        "architecture": "" if phone else "x86",
        "bitness": "" if phone else "64",
        "model": "K" if phone else "",
        "mobile": phone,
        "wow64": False,
    }


def _languages(tag: str) -> str:
    """``fr-FR,fr`` of ``fr-FR``: the browser adds the weights."""
    base = tag.partition("-")[0]
    return tag if base == tag else f"{tag},{base}"
