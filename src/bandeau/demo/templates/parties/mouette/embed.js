/* Mouette, module d’intégration */
(function () {
  if (window.mouette) { if (window.mouette.scan) window.mouette.scan(); return; }
  var home = {{ origin|tojson }}, found = document.cookie.match(/(?:^|; )_mou_fp=([a-z0-9]+)/);
  var id = found ? found[1] : {{ visitor|tojson }};
  document.cookie = "_mou_fp=" + id + "; path=/; max-age=33696000; SameSite=Lax";
  try {
    var read = JSON.parse(localStorage.getItem("mouette:read") || "[]");
    if (read.indexOf(location.pathname) < 0) read.push(location.pathname);
    localStorage.setItem("mouette:read", JSON.stringify(read.slice(-50)));
  } catch (e) {}
  window.mouette = { home: home, id: id };
  var script = document.createElement("script");
  script.src = home + "/widgets.js?fp=" + id + "&page=" + encodeURIComponent(location.href);
  document.head.appendChild(script);
})();
