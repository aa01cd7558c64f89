/* Mouette, dans le cadre d’une publication */
(function () {
  var id = {{ visitor|tojson }};
  try {
    id = localStorage.getItem("mouette:id") || id;
    localStorage.setItem("mouette:id", id);
  } catch (e) {}
  var tail = "?st=" + id + "&page=" + encodeURIComponent(new URLSearchParams(location.search).get("page") || document.referrer);
  navigator.sendBeacon("/seen" + tail + "&saw=" + encodeURIComponent("publication vue"));
  function size() { parent.postMessage({ mouette: document.documentElement.offsetHeight }, "*"); }
  addEventListener("load", size);
  addEventListener("resize", size);
})();
