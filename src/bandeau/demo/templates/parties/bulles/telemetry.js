/* Bulles, mesure de l’attention */
(function () {
  var id = {{ visitor|tojson }};
  try {
    id = localStorage.getItem("bulles:id") || id;
    localStorage.setItem("bulles:id", id);
    localStorage.setItem("bulles:seen", String(Number(localStorage.getItem("bulles:seen") || 0) + 1));
  } catch (e) {}
  var tail = "?st=" + id + "&page=" + encodeURIComponent(document.referrer);
  window.bulles = function (saw) { navigator.sendBeacon("/pulse" + tail + "&saw=" + encodeURIComponent(saw)); };
  new Image().src = "/vu.gif" + tail;
  window.bulles("affiché : " + document.title.slice(0, 50));
})();
