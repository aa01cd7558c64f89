"""Debian's Chromium as the tests drive it: real network, mapped names, third-party cookies on."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import BrowserContext, Playwright, expect

# What is waited for may take its time on a busy machine; five seconds are too few.
expect.set_options(timeout=30_000)
EXECUTABLE = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Without it no service worker is fetched from a host whose certificate nobody signed.
    "--ignore-certificate-errors",
    # The last switch counts: what Playwright switches off, and the pages of the address bar's own
    # that each window would load, which take twice what a small page of a test takes.
    "--disable-features=AvoidUnnecessaryBeforeUnloadCheckSync,DestroyProfileOnBrowserClose,"
    "HttpsUpgrades,HttpsFirstBalancedModeAutoEnable,LensOverlay,MediaRouter,PaintHolding,"
    "ThirdPartyStoragePartitioning,AvoidCorsURLLoaderRestartOnRedirect,TcpPortRandomizationWin,"
    "OptimizationHints,NetworkTimeServiceQuerying,AimEnabled,PreconnectToSearch,"
    "WebUIOmniboxPopup,WebUIOmniboxAimPopup,WebUIOmniboxFullPopup",
]


@contextmanager
def browsing(
    playwright: Playwright,
    profile: Path,
    rules: str = "",
    flags: Sequence[str] = (),
    **options: object,
) -> Iterator[BrowserContext]:
    """A browser with a fresh profile in ``profile``; ``rules`` map hosts to loopback ports."""
    (profile / "Default").mkdir(parents=True, exist_ok=True)
    preferences = {"profile": {"cookie_controls_mode": 0}}
    (profile / "Default" / "Preferences").write_text(json.dumps(preferences))
    mapped = [f"--host-resolver-rules={rules}"] if rules else []
    context = playwright.chromium.launch_persistent_context(
        str(profile),
        executable_path=EXECUTABLE,
        headless=True,
        args=[*FLAGS, *mapped, *flags],
        ignore_https_errors=True,
        **options,  # type: ignore[arg-type]
    )
    try:
        yield context
    finally:
        context.close()
