/**
 * Runs first in the head: removes what the choice does not allow and script can see, and refuses
 * to read or write more of it. Default deny: a cookie, key, database, cache, bucket or service
 * worker that no allowed tracker declares, and the origin's private files, which are named `opfs`.
 * Its list is the JSON block just before it; a name may hold `*`.
 *
 * What page scripts can replace is taken before they run, so the list holds whatever they do. What
 * another realm of this origin writes (a frame, a worker, another tab) is removed when it shows.
 */
(() => {
  const { currentScript } = document;
  const list = /** @type {Element} */ (currentScript?.previousElementSibling);
  /** @type {{ cookies: string[], storage: string[], whole?: boolean }} */
  const allowed = JSON.parse(/** @type {string} */ (list.textContent));
  list.remove();
  currentScript?.remove();

  /**
   * A function that takes as its first argument what would be its `this`.
   * @type {(method: Function) => (...args: any[]) => any}
   */
  const uncurried = /** @type {any} */ (Function.prototype.bind).bind(Function.prototype.call);
  const filter = uncurried([].filter);
  const join = uncurried([].join);
  const split = uncurried("".split);
  const mapped = uncurried(Map.prototype.get);

  /**
   * `exec`, unlike `test`, asks nothing of the prototype.
   * @param {RegExp} pattern
   */
  const matcher = (pattern) => pattern.exec.bind(pattern);
  /** @param {string[]} names */
  const among = (names) => {
    const patterns = names.map((name) => name.replace(/[^\w*]/g, "\\$&").replaceAll("*", ".*"));
    return matcher(new RegExp(`^(?:${patterns.join("|")})$`, "s"));
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
    (kind === "cookies" ? cookies : keys)(name) ?? bandeauRefused?.(kind, name);

  const cut = matcher(/^[\t ]*([^;=]*?)[\t ]*=/);
  /**
   * A cookie without `=` has a value and no name.
   * @param {string} pair
   */
  const named = (pair) => cut(pair)?.[1] ?? "";
  const jar = /** @type {any} */ (Object.getOwnPropertyDescriptor(Document.prototype, "cookie"));
  /** @type {() => string} */
  const read = jar.get.bind(document);
  /** @type {(line: string) => void} */
  const write = jar.set.bind(document);

  /** @param {string} name */
  const expire = (name) => {
    const labels = location.hostname.split(".");
    const domains = ["", ...labels.map((_, at) => ";domain=" + labels.slice(at).join("."))];
    let path = "";
    for (const step of location.pathname.match(/\/|[^/]+/g) ?? []) {
      path += step;
      for (const domain of domains) {
        for (const kind of ["", ";secure", ";secure;partitioned"]) {
          write(`${name}=x;max-age=0;path=${path}${domain}${kind}`);
        }
      }
    }
  };

  /**
   * @param {() => any} list
   * @param {(item: any) => any} keeps
   * @param {(item: any) => any} remove
   */
  const sweep = async (list, keeps, remove) => {
    try {
      for await (const item of await list()) {
        if (!keeps(item)) remove(item);
      }
    } catch {}
  };
  /** @type {Map<unknown, Storage>} */
  const reals = new Map();
  const proxies = new Map();
  const { storage, storageBuckets } = /** @type {any} */ (navigator);
  const files = storage?.getDirectory?.bind(storage);
  let stale = false;
  /**
   * A tab in the background may be older than the choice that another one acts on.
   * @param {unknown} [later]
   */
  const clean = (later) => {
    if (stale || (later && document.hidden)) return;
    sweep(() => split(read(), "; "), (pair) => !pair || cookies(named(pair)),
      (pair) => expire(named(pair)));
    for (const store of reals.values()) {
      sweep(() => Object.keys(store), keys, (key) => store.removeItem(key));
    }
    sweep(() => indexedDB.databases(), ({ name }) => keys(name),
      ({ name }) => indexedDB.deleteDatabase(name));
    sweep(() => caches.keys(), keys, (name) => caches.delete(name));
    sweep(() => storageBuckets.keys(), keys, (name) => storageBuckets.delete(name));
    /** @type {any} */
    let root;
    /* A file that a worker holds open cannot be removed yet. */
    sweep(async () => (root = await files()).keys(), () => keys("opfs"),
      (name) => root.removeEntry(name, { recursive: true }).catch(() => {}));
    sweep(() => navigator.serviceWorker.getRegistrations(),
      ({ active, waiting, installing }) =>
        keys(new URL((active ?? waiting ?? installing).scriptURL).pathname),
      (registration) => registration.unregister());
  };

  /**
   * @param {any} owner
   * @param {PropertyKey} name
   * @param {PropertyDescriptor} as
   */
  const fix = (owner, name, as) =>
    owner && Object.defineProperty(owner, name, { configurable: false, ...as });
  /**
   * `owner[name]` becomes `make(native)`, where the browser has it.
   * @param {any} owner
   * @param {string} name
   * @param {(native: (self: any, ...args: any[]) => any) => Function} make
   */
  const replace = (owner, name, make) =>
    owner?.[name] && fix(owner, name, { value: make(uncurried(owner[name])) });

  fix(Document.prototype, "cookie", {
    get: () => join(filter(split(read(), "; "), (/** @type {string} */ pair) => cookies(named(pair))), "; "),
    set: (line) => {
      const given = `${line}`;
      if (may("cookies", named(given))) write(given);
    },
  });
  const { CookieStore, CacheStorage, StorageManager, StorageBucketManager } =
    /** @type {any} */ (globalThis);
  for (const method of ["get", "getAll"]) {
    replace(CookieStore?.prototype, method, (native) =>
      /** @this {any} @param {any[]} args */
      async function (...args) {
        const found = await native(this, ...args);
        return found?.name === undefined
          ? found && filter(found, (/** @type {any} */ { name }) => cookies(name))
          : cookies(found.name) && found;
      });
  }
  replace(CookieStore?.prototype, "set", (native) =>
    /** @this {any} @param {any} first @param {any} value */
    async function (first, value) {
      const given = first === Object(first) ? { ...first } : { name: first, value };
      given.name = `${given.name}`;
      if (may("cookies", given.name)) await native(this, given);
    });

  for (const method of ["getItem", "setItem", "removeItem", "clear", "key"]) {
    replace(Storage.prototype, method, (native) =>
      /** @this {any} @param {any[]} args */
      function (...args) {
        if (method === "setItem" && !may("storage", (args[0] = `${args[0]}`))) return null;
        if (method === "getItem" && !keys((args[0] = `${args[0]}`))) return null;
        const found = native(mapped(reals, this) ?? this, ...args);
        return method === "key" && !keys(found) ? null : found;
      });
  }
  /* A property of a storage is written past its methods: only a proxy can refuse that. */
  for (const name of ["localStorage", "sessionStorage"]) {
    try {
      const real = /** @type {any} */ (globalThis)[name];
      const shown = new Proxy(real, {
        get: (_, key) =>
          typeof key === "symbol" || key in real.__proto__ || keys(key) ? real[key] : undefined,
        defineProperty: (_, key, as) => !may("storage", String(key)) || Reflect.defineProperty(real, key, as),
      });
      reals.set(shown, real);
      proxies.set(real, shown);
      fix(globalThis, name, { get: () => shown });
    } catch {}
  }
  const area = /** @type {any} */ (
    Object.getOwnPropertyDescriptor(StorageEvent.prototype, "storageArea")
  );
  const stored = uncurried(area.get);
  fix(StorageEvent.prototype, "storageArea", {
    /** @this {StorageEvent} */
    get() {
      const real = stored(this);
      return mapped(proxies, real) ?? real;
    },
  });
  globalThis.StorageEvent = new Proxy(StorageEvent, {
    construct: (target, [type, init], self) => Reflect.construct(target, [type, init && {
      ...init, storageArea: mapped(reals, init.storageArea) ?? init.storageArea,
    }], self),
  });

  replace(IDBFactory.prototype, "open", (native) =>
    /** @this {IDBFactory} @param {any[]} args */
    function (...args) {
      if (may("storage", (args[0] = `${args[0]}`))) return native(this, ...args);
      /* The request fails as one does whose upgrade was aborted, and leaves nothing. */
      const request = native(this, "");
      request.addEventListener("upgradeneeded", (/** @type {Event} */ event) => {
        event.stopImmediatePropagation();
        request.transaction.abort();
      });
      return request;
    });
  for (const each of [CacheStorage, StorageManager, StorageBucketManager]) {
    const method = each === StorageManager ? "getDirectory" : "open";
    replace(each?.prototype, method, (native) =>
      /** @this {any} @param {any} first @param {any[]} rest */
      async function (first, ...rest) {
        const name = method === "open" ? `${first}` : "opfs";
        if (may("storage", name)) return native(this, name, ...rest);
        throw new DOMException("Denied by the visitor's choice", "SecurityError");
      });
  }
  if (!allowed.whole) {
    for (const name of ["RTCPeerConnection", "webkitRTCPeerConnection"]) {
      replace(globalThis, name, () => /** @type {any} */ (undefined));
    }
  }

  addEventListener("bandeau", () => {
    stale = true;
  });

  clean();
  addEventListener("load", clean);
  addEventListener("storage", clean);
  setInterval(clean, 3_000, true);
  if (CookieStore) cookieStore.addEventListener("change", clean);
})();
