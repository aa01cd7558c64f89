/**
 * Runs first in the head: removes what the choice does not allow and script can see, and refuses
 * to write more of it. Default deny: a cookie or storage key that no allowed tracker declares.
 * Its list is the JSON block just before it; a name may hold `*` anywhere.
 */
(() => {
  const list = document.currentScript?.previousElementSibling?.textContent ?? "";
  /** @type {{ cookies: string[], storage: string[] }} */
  const allowed = JSON.parse(list);

  /** @param {string[]} names */
  const among = (names) => {
    const patterns = names.map((name) =>
      name.replace(/[\\^$.|?+()[\]{}]/g, "\\$&").replaceAll("*", ".*"));
    return new RegExp(`^(?:${patterns.join("|")})$`, "s");
  };
  const cookies = among(allowed.cookies);
  const keys = among(allowed.storage);
  /* Where a page is asked for reports, the script before the list hears of writes refused. */
  const { bandeauRefused } = /** @type {any} */ (globalThis);
  /**
   * @param {"cookies" | "storage"} kind
   * @param {string} name
   */
  const may = (kind, name) =>
    (kind === "cookies" ? cookies : keys).test(name) || bandeauRefused?.(kind, name);

  /**
   * A cookie without `=` has a value and no name.
   * @param {string} pair
   */
  const named = (pair) => (/^[^=;]*(?==)/.exec(pair)?.[0] ?? "").trim();
  const jar = Object.getOwnPropertyDescriptor(Document.prototype, "cookie");
  const read = () => /** @type {string} */ (jar?.get?.call(document));
  /** @param {string} line */
  const write = (line) => jar?.set?.call(document, line);

  /** @param {string} name */
  const expire = (name) => {
    const secure = location.protocol === "https:" ? ";secure" : "";
    const labels = location.hostname.split(".");
    const domains = ["", ...labels.map((_, at) => ";domain=" + labels.slice(at).join("."))];
    const steps = location.pathname.split("/");
    const paths = steps.flatMap((_, at) => {
      const path = steps.slice(0, at + 1).join("/");
      return [path, path + "/"];
    });
    for (const domain of domains) {
      for (const path of paths) {
        write(`${name}=;max-age=0;path=${path || "/"}${domain}${secure}`);
      }
    }
  };

  /** @param {() => Storage} open */
  const sweep = (open) => {
    try {
      const store = open();
      for (const key of Object.keys(store)) {
        if (!keys.test(key)) store.removeItem(key);
      }
    } catch {}
  };
  const clean = () => {
    sweep(() => localStorage);
    sweep(() => sessionStorage);
    try {
      for (const pair of read().split("; ")) {
        if (pair && !cookies.test(named(pair))) expire(named(pair));
      }
    } catch {}
  };
  clean();
  addEventListener("load", clean);
  addEventListener("pagehide", clean);

  /**
   * @param {object | undefined} owner
   * @param {PropertyKey} name
   * @param {PropertyDescriptor} as
   */
  const fix = (owner, name, as) => {
    if (owner) Object.defineProperty(owner, name, { configurable: false, enumerable: true, ...as });
  };
  fix(Document.prototype, "cookie", {
    get: () => read().split("; ").filter((pair) => cookies.test(named(pair))).join("; "),
    set: (line) => {
      if (may("cookies", named(`${line}`))) write(line);
    },
  });
  const { setItem } = Storage.prototype;
  fix(Storage.prototype, "setItem", {
    /**
     * @this {Storage}
     * @param {string} key
     * @param {string} value
     */
    value(key, value) {
      if (may("storage", `${key}`)) setItem.call(this, key, value);
    },
  });
  const store = globalThis.CookieStore?.prototype;
  const set = /** @type {any} */ (store)?.set;
  fix(store, "set", {
    /**
     * @this {CookieStore}
     * @param {any} first
     * @param {any[]} rest
     */
    async value(first, ...rest) {
      if (may("cookies", first?.name ?? first)) return set.call(this, first, ...rest);
    },
  });
})();
