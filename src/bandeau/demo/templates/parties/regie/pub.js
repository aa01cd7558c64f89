/* Régie Pistil, chargeur */
(function () {
  var home = {{ origin|tojson }}, found = document.cookie.match(/(?:^|; )_pst_fp=([a-z0-9]+)/);
  var id = found ? found[1] : {{ visitor|tojson }};
  document.cookie = "_pst_fp=" + id + "; path=/; max-age=33696000; SameSite=Lax";
  window.pistil = { home: home, id: id };
  var script = document.createElement("script");
  script.src = home + "/encheres.js?fp=" + id + "&page=" + encodeURIComponent(location.href);
  document.head.appendChild(script);
})();
