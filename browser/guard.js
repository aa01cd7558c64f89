/**
 * Runs first in the head: removes what the choice does not allow and script can see.
 * Default deny: a cookie or storage key that no allowed tracker declares goes.
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

  /** @param {() => Storage} open */
  const sweep = (open) => {
    try {
      const store = open();
      const declared = among(allowed.storage);
      for (const key of Object.keys(store)) {
        if (!declared.test(key)) store.removeItem(key);
      }
    } catch {}
  };
  sweep(() => localStorage);
  sweep(() => sessionStorage);

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
        document.cookie = `${name}=;max-age=0;path=${path || "/"}${domain}${secure}`;
      }
    }
  };
  try {
    const declared = among(allowed.cookies);
    for (const pair of document.cookie.split("; ")) {
      const name = pair.split("=", 1)[0] ?? "";
      if (pair && !declared.test(name)) expire(name);
    }
  } catch {}
})();
