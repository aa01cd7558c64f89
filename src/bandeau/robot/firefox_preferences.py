"""What a Firefox of ours is told before it starts: an ordinary visitor's, which asks nobody."""

from __future__ import annotations

import json
from collections.abc import Mapping

from bandeau.audit.evidence import Device, Setting
from bandeau.robot.camera import DESKTOP, MOBILE, Viewport

Value = bool | int | str
# Nothing of the browser's own goes anywhere. The rest of it is switched off by the environment.
_QUIET: Mapping[str, Value] = {
    "app.normandy.enabled": False,
    "app.update.disabledForTesting": True,
    "browser.contentblocking.report.lockwise.enabled": False,
    "browser.discovery.enabled": False,
    "browser.ml.enable": False,
    "browser.newtab.preload": False,
    "browser.newtabpage.enabled": False,
    "browser.newtabpage.activity-stream.testing.shouldInitializeFeeds": False,
    "browser.ping-centre.telemetry": False,
    "browser.region.network.url": "",
    "browser.region.update.enabled": False,
    "browser.safebrowsing.blockedURIs.enabled": False,
    "browser.safebrowsing.downloads.enabled": False,
    "browser.safebrowsing.downloads.remote.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "browser.safebrowsing.provider.google.updateURL": "",
    "browser.safebrowsing.provider.google4.updateURL": "",
    "browser.safebrowsing.provider.google5.updateURL": "",
    "browser.safebrowsing.provider.mozilla.updateURL": "",
    "browser.safebrowsing.update.enabled": False,
    "browser.search.suggest.enabled": False,
    "browser.search.update": False,
    "browser.startup.page": 0,
    "browser.topsites.contile.enabled": False,
    "browser.translations.enable": False,
    "browser.urlbar.merino.endpointURL": "",
    "captivedetect.canonicalURL": "",
    "datareporting.healthreport.uploadEnabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "datareporting.usage.uploadEnabled": False,
    "dom.push.connection.enabled": False,
    "dom.push.serverURL": "",
    "extensions.blocklist.enabled": False,
    "extensions.getAddons.cache.enabled": False,
    "extensions.installDistroAddons": False,
    "extensions.systemAddon.update.enabled": False,
    "extensions.update.enabled": False,
    "geo.provider.network.url": "",
    "identity.fxaccounts.enabled": False,
    "media.gmp-manager.updateEnabled": False,
    "media.gmp-manager.url": "",
    "messaging-system.rsexperimentloader.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "network.dns.disablePrefetch": True,
    "network.dns.disablePrefetchFromHTTPS": True,
    "network.http.http3.enable": False,
    "network.http.speculative-parallel-limit": 0,
    "network.predictor.enabled": False,
    "network.prefetch-next": False,
    # DNS over HTTPS: the gate looks names up, never the browser.
    "network.trr.mode": 5,
    "privacy.trackingprotection.allow_list.hasMigratedCategoryPrefs": True,
    "security.OCSP.enabled": 0,
    "security.remote_settings.crlite_filters.enabled": False,
    "security.remote_settings.intermediates.enabled": False,
    "services.settings.server": "data:,#remote-settings-dummy/v1",
    "services.settings.loglevel": "off",
    "signon.rememberSignons": False,
    "toolkit.telemetry.enabled": False,
    "toolkit.telemetry.server": "",
    "toolkit.telemetry.unified": False,
}
# A window of ours, which no first start and no update of the browser disturbs.
_PLAIN: Mapping[str, Value] = {
    "remote.prefs.recommended": False,
    # Input goes through the whole window, as a hand's does, into frames of other sites too.
    "remote.events.async.mouse.enabled": True,
    "remote.events.async.wheel.enabled": True,
    "apz.content_response_timeout": 60_000,
    "browser.aboutwelcome.enabled": False,
    "browser.sessionstore.resume_from_crash": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.couldRestoreSession.count": -1,
    "browser.startup.homepage_override.mstone": "ignore",
    "browser.tabs.warnOnClose": False,
    "datareporting.policy.dataSubmissionPolicyBypassNotification": True,
    "devtools.jsonview.enabled": False,
    "dom.disable_beforeunload": True,
    "dom.disable_open_during_load": True,
    "dom.input_events.security.minNumTicks": 0,
    "dom.input_events.security.minTimeElapsedInMS": 0,
    "dom.ipc.processPrelaunch.enabled": False,
    "dom.ipc.processPriorityManager.enabled": False,
    "dom.max_script_run_time": 0,
    "dom.successive_dialog_time_limit": 0,
    "focusmanager.testmode": True,
    "network.protocol-handler.external-default": False,
    "network.protocol-handler.warn-external-default": False,
    "pdfjs.disabled": True,
    "print.enabled": False,
    "startup.homepage_welcome_url": "about:blank",
    "termsofuse.bypassNotification": True,
    "threads.lower_mainthread_priority_in_background.enabled": False,
    "toolkit.cosmeticAnimations.enabled": False,
    "widget.windows.window_occlusion_tracking.enabled": False,
}
# Refused without a question.
_PERMISSIONS = ("camera", "desktop-notification", "geo", "microphone", "xr", "local-network")
_KEPT_APART, _THIRD_PARTIES_REFUSED = 5, 1


def preferences(setting: Setting, gate: int, version: str) -> dict[str, Value]:
    """What a browser with ``setting`` is told; ``gate`` is the port of the one way out.

    Third-party cookies are kept apart for each site, as Firefox is delivered, or refused.
    ``version`` is its own, such as ``153.8``, which a phone's words need.
    """
    cookies = _KEPT_APART if setting.third_party_cookies else _THIRD_PARTIES_REFUSED
    return {
        **_QUIET,
        **_PLAIN,
        **{f"permissions.default.{name}": 2 for name in _PERMISSIONS},
        **_only_through(gate),
        **_worn(setting, version),
        "network.cookie.cookieBehavior": cookies,
        "privacy.globalprivacycontrol.enabled": setting.signal,
        "privacy.globalprivacycontrol.functionality.enabled": True,
    }


def _only_through(gate: int) -> dict[str, Value]:
    return {
        "network.proxy.type": 1,
        "network.proxy.http": "127.0.0.1",
        "network.proxy.http_port": gate,
        "network.proxy.ssl": "127.0.0.1",
        "network.proxy.ssl_port": gate,
        "network.proxy.no_proxies_on": "",
        "network.proxy.allow_hijacking_localhost": True,
        "network.proxy.failover_direct": False,
        "network.proxy.allow_bypass": False,
        "media.peerconnection.ice.proxy_only": True,
        "media.peerconnection.ice.no_host": True,
        "media.peerconnection.ice.default_address_only": True,
    }


def _worn(setting: Setting, version: str) -> dict[str, Value]:
    """What it says of itself to pages."""
    language = setting.language or "en-US"
    base = language.partition("-")[0]
    worn: dict[str, Value] = {
        "intl.accept_languages": ", ".join(dict.fromkeys((language, base))),
        "layout.css.devPixelsPerPx": "1.0",
    }
    if setting.device is Device.PHONE:
        major = version.partition(".")[0]
        worn |= {
            "general.useragent.override": f"Mozilla/5.0 (Android 14; Mobile; rv:{major}.0)"
            f" Gecko/{major}.0 Firefox/{major}.0",
            "general.platform.override": "Linux armv81",
            "dom.w3c_touch_events.enabled": 1,
            "dom.w3c_touch_events.legacy_apis.enabled": True,
            "dom.maxtouchpoints.testing.value": 5,
            # A finger, which cannot hover.
            "ui.primaryPointerCapabilities": 1,
            "ui.allPointerCapabilities": 1,
            "dom.meta-viewport.enabled": True,
            "ui.useOverlayScrollbars": 1,
        }
    return worn


def window_of(setting: Setting) -> Viewport:
    """How large its window is."""
    return MOBILE if setting.device is Device.PHONE else DESKTOP


def written(wanted: Mapping[str, Value]) -> str:
    """The lines of ``user.js``."""
    return "".join(
        f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in wanted.items()
    )
