/* Sextant Analytics, mesure */
(function () {
  var home = {{ origin|tojson }}, found = document.cookie.match(/(?:^|; )_sxt_fp=([a-z0-9]+)/);
  var id = found ? found[1] : {{ visitor|tojson }};
  document.cookie = "_sxt_fp=" + id + "; path=/; max-age=33696000; SameSite=Lax";
  try { localStorage.setItem("sxt:visits", String(Number(localStorage.getItem("sxt:visits") || 0) + 1)); } catch (e) {}
  window.sextant = { home: home, id: id };
  var tail = "?fp=" + id + "&page=" + encodeURIComponent(location.href);
  new Image().src = home + "/p.gif" + tail;
  var script = document.createElement("script");
  script.src = home + "/r.js" + tail;
  document.head.appendChild(script);
})();
