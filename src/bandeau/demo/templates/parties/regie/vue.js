/* Régie Pistil, annonce vue */
(function () {
  var id = {{ visitor|tojson }};
  try {
    id = localStorage.getItem("pistil:id") || id;
    localStorage.setItem("pistil:id", id);
  } catch (e) {}
  var page = new URLSearchParams(location.search).get("page") || document.referrer;
  new Image().src = "/vu.gif?st=" + id + "&page=" + encodeURIComponent(page);
})();
