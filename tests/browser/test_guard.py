"""First-party code that reads or writes what the choice denies finds it refused (P1, P2, R1, R2).

One page for each browser; each test is one way to reach what the terminal keeps.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from press_group import STORE, Group, press_group
from two_browsers import BROWSERS, Tab, opened, until

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PAGE = """<!doctype html><html lang=en><head><title>t</title><script>
localStorage.setItem("rogue", "1");
document.cookie = "rogue=1";
window.seen = [document.cookie, document.querySelectorAll("head > script").length];
</script></head><body><h1>Page</h1></body></html>"""
NONE = [None, "undefined", None]
CLEAR = """async () => {
  localStorage.clear(); sessionStorage.clear();
  for (const name of await caches.keys()) await caches.delete(name);
  for (const { name } of await indexedDB.databases()) indexedDB.deleteDatabase(name);
  return 1; }"""


@pytest.fixture(scope="module", params=BROWSERS)
def visited(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Tab, Group]]:
    folder = tmp_path_factory.mktemp("guard")
    pages = {"/": PAGE, "/frame": PAGE, "/strict": PAGE.replace("<script", "<script nonce=n")}
    with press_group(folder / "site", pages) as group, opened(request.param, folder) as tab:
        yield tab, group


@pytest.fixture
def tab(visited: tuple[Tab, Group]) -> Tab:
    """The front page, opened by a visitor who decided nothing, with nothing in store."""
    tab, group = visited
    tab.open(group.url())
    tab.run(CLEAR)
    return tab


def test_the_pages_own_scripts_find_the_guard_in_place_and_out_of_sight(tab: Tab) -> None:
    assert tab.run("() => seen") == ["", 1]
    assert tab.run("() => Object.keys(localStorage)") == []


def test_methods_and_properties_of_storage_are_judged_alike(tab: Tab) -> None:
    found = tab.run(
        """() => {
        for (const store of [localStorage, sessionStorage]) {
          store.setItem("rogue1", "1"); store.rogue2 = "1"; store["rogue3"] = "1";
          Reflect.set(store, "rogue4", "1"); Object.assign(store, { rogue5: "1" });
          Object.defineProperty(store, "rogue6",
            { value: "1", configurable: true, enumerable: true, writable: true });
          Storage.prototype.setItem.call(store, "rogue7", "1");
          Reflect.apply(Storage.prototype.setItem, store, ["rogue8", "1"]);
          store.setItem({ toString: () => "rogue9" }, "1");
          store.setItem("kept", "1"); store["kept:2"] = "2"; store["kept:3"] = 3;
          delete store["kept:3"];
        }
        return [Object.keys(localStorage).sort(), Object.keys(sessionStorage).sort(),
          localStorage.length, localStorage.getItem("kept"), localStorage["kept:2"],
          JSON.stringify(sessionStorage).length, "kept" in localStorage,
          localStorage instanceof Storage, `${localStorage}`,
          Storage.prototype.getItem.call(localStorage, "kept"), localStorage.nothing ?? null,
          [localStorage.key(0), localStorage.key(1), localStorage.key(2)].sort()];
        }"""
    )
    kept = ["kept", "kept:2"]
    more = [True, True, "[object Storage]", "1", None, [*kept, None]]
    assert found == [kept, kept, 2, "1", "2", 25, *more]


def test_a_storage_event_names_the_storage_that_the_page_knows(tab: Tab) -> None:
    assert tab.run(
        """() => { const init = { key: "k", storageArea: localStorage };
        return new StorageEvent("storage", init).storageArea === localStorage; }"""
    )


def test_cookies_are_judged_by_every_way_to_them(tab: Tab) -> None:
    found = tab.run(
        """async () => {
        document.cookie = "session=kept; secure";
        for (const line of ["rogue=1", " rogue =1", "rogue", "=rogue", "a\\u00a0=1", ";session=1"])
          document.cookie = line;
        let told = 0;
        document.cookie = { toString: () => told++ ? "rogue=1" : "session=kept; secure" };
        await cookieStore.set("rogue", "1");
        await cookieStore.set({ name: "rogue", value: "1" });
        let asked = 0;
        await cookieStore.set({ get name() { return asked++ ? "rogue" : "session"; }, value: "2" });
        const all = await cookieStore.getAll();
        return [document.cookie, all.map(({ name }) => name), await cookieStore.get("rogue"),
          (await cookieStore.get("session")).value]; }"""
    )
    assert found == ["session=2", ["session"], None, "2"]
    assert (
        tab.run("""async () => { await cookieStore.delete("session"); return document.cookie; }""")
        == ""
    )


def test_a_denied_database_fails_as_an_aborted_one_does_and_leaves_nothing(tab: Tab) -> None:
    found = tab.run(
        "async () => {"
        + STORE
        + """
        const tried = await Promise.all(["rogue", "kept:base"].map((name) =>
          opened(name).catch((error) => error.name)));
        return [tried, (await indexedDB.databases()).map(({ name }) => name)]; }"""
    )
    assert found == [["AbortError", "opened"], ["kept:base"]]


def test_a_denied_cache_is_rejected(tab: Tab) -> None:
    found = tab.run(
        """async () => [
        await caches.open("rogue").catch((error) => error.name),
        typeof await caches.open("kept:cache"), await caches.keys()]"""
    )
    assert found == ["SecurityError", "object", ["kept:cache"]]


def test_denied_buckets_and_the_private_files_are_rejected(tab: Tab) -> None:
    found = tab.run(
        """async () => { const { storage, storageBuckets } = navigator;
        return [await storage.getDirectory().catch((error) => error.name),
        await storage.getDirectory("kept").catch((error) => error.name),
        await storageBuckets?.open("rogue").catch((error) => error.name),
        typeof await storageBuckets?.open("kept", { durability: "relaxed" }),
        await storageBuckets?.keys()]; }"""
    )
    assert found[:2] == ["SecurityError"] * 2
    has_buckets = tab.run("() => 'storageBuckets' in navigator")
    assert found[2:] == (["SecurityError", "object", ["kept"]] if has_buckets else NONE)


def test_buckets_and_private_files_of_another_realm_go_at_once(tab: Tab) -> None:
    stored = tab.run(
        """async () => {
        const frame = document.createElement("iframe");
        document.body.append(frame);
        window.realm = frame.contentWindow.navigator;
        const root = await realm.storage.getDirectory();
        await root.getDirectoryHandle("rogue", { create: true });
        await root.getFileHandle("file", { create: true });
        await realm.storageBuckets?.open("rogue");
        return 1; }"""
    )
    assert stored
    left = """async () => { let left = 0;
        for await (const _ of (await realm.storage.getDirectory()).keys()) left++;
        return left === 0 && !(await realm.storageBuckets?.keys())?.includes("rogue"); }"""
    until(lambda: tab.run(left))


def test_no_service_worker_is_registered_that_nobody_declared(tab: Tab) -> None:
    """Its script leaves as text, from whatever page or frame it is asked for."""
    found = tab.run(
        """async () => { const ends = [];
        for (const path of ["/rogue-worker.js", "/t-worker.js", "/kept-worker.js"]) {
          await navigator.serviceWorker.register(path, { scope: path + "/" }).then(
            (made) => { ends.push(path); return made.unregister(); },
            (error) => ends.push(error instanceof Error || error instanceof DOMException)); }
        return ends; }"""
    )
    assert found == [True, True, "/kept-worker.js"]


def test_real_time_connections_wait_until_nothing_is_denied(tab: Tab) -> None:
    assert tab.run("() => typeof RTCPeerConnection") == "undefined"


@pytest.mark.parametrize(
    "frame",
    [
        "document.createElement('iframe')",
        "Object.assign(document.createElement('iframe'), { srcdoc: '<p>' })",
        "Object.assign(document.createElement('iframe'), { src: 'javascript:1' })",
        "Object.assign(document.createElement('iframe'),"
        " { src: URL.createObjectURL(new Blob(['<p>'], { type: 'text/html' })) })",
    ],
    ids=["blank", "srcdoc", "javascript", "blob"],
)
def test_what_another_realm_writes_is_unreadable_and_goes_at_once(tab: Tab, frame: str) -> None:
    found = tab.run(
        f"""async () => {{
        const frame = {frame};
        const loaded = new Promise((done) => {{ frame.onload = done; }});
        document.body.append(frame);
        await loaded;
        const realm = frame.contentWindow;
        window.realm = realm;
        realm.localStorage.setItem("rogue", "1"); realm.localStorage.direct = "1";
        realm.sessionStorage.rogue = "1"; realm.localStorage.kept = "1";
        realm.document.cookie = "rogue=1; path=/";
        return [localStorage.getItem("rogue"), localStorage.direct ?? null, sessionStorage.rogue
          ?? null, document.cookie]; }}"""
    )
    assert found == [None, None, None, ""]
    left = """() => JSON.stringify([Object.keys(realm.localStorage),
        Object.keys(realm.sessionStorage), realm.document.cookie])"""
    until(lambda: tab.run(left) == '[["kept"],[],""]')


def test_what_a_worker_stores_is_removed_while_the_page_stands(tab: Tab) -> None:
    code = """onmessage = async () => {
      await caches.open("rogue");
      const request = indexedDB.open("rogue");
      request.onsuccess = () => { request.result.close(); postMessage("stored"); };
    };"""
    tab.run(
        f"""() => new Promise((done) => {{
        const blob = new Blob([{code!r}]);
        const worker = new Worker(URL.createObjectURL(blob));
        worker.onmessage = () => done(1);
        worker.postMessage(1); }})"""
    )
    until(lambda: tab.run("async () => (await caches.keys()).length === 0"))
    until(lambda: tab.run("async () => (await indexedDB.databases()).length === 0"))


def test_a_framed_page_of_a_deciding_visitor_has_its_own_guard(
    visited: tuple[Tab, Group], tab: Tab
) -> None:
    tab.run(
        """() => fetch("/.bandeau/choice", { method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ action: "refuse_all" }) }).then(() => 1)"""
    )
    found = tab.run(
        """() => new Promise((done) => {
        const frame = document.createElement("iframe");
        frame.src = "/frame";
        frame.onload = () => done([frame.contentWindow.seen,
          typeof frame.contentWindow.RTCPeerConnection]);
        document.body.append(frame); })"""
    )
    assert found == [["", 1], "undefined"]


def test_a_page_that_tampers_with_what_the_guard_uses_gains_nothing(tab: Tab) -> None:
    found = tab.run(
        """() => {
        RegExp.prototype.exec = RegExp.prototype.test = () => ["session", "session"];
        Array.prototype.filter = function () { return this; };
        Array.prototype.join = () => "rogue=1";
        Function.prototype.call = Function.prototype.apply = Function.prototype.bind = () => 1;
        String.prototype.split = () => ["session=1"];
        Map.prototype.get = () => undefined;
        const failed = [];
        for (const change of [
          () => Object.defineProperty(Document.prototype, "cookie", { get: () => "" }),
          () => Object.defineProperty(window, "localStorage", { value: {} }),
          () => Object.defineProperty(Storage.prototype, "setItem", { get: () => 1 }),
          () => Object.defineProperty(CookieStore.prototype, "set", { get: () => 1 }),
        ]) { try { change(); } catch { failed.push(1); } }
        document.cookie = "rogue=1";
        localStorage.setItem("rogue", "1");
        localStorage.rogue = "1";
        return [document.cookie, Object.keys(localStorage), failed.length]; }"""
    )
    assert found == ["", [], 4]


def test_it_stands_under_a_nonce_and_trusted_types(visited: tuple[Tab, Group]) -> None:
    tab, group = visited
    tab.open(group.url("/strict"))
    assert tab.run("() => seen") == ["", 1]
    stored = tab.run("() => { localStorage.rogue = 1; return Object.keys(localStorage); }")
    assert "rogue" not in stored
