/* Sextant Analytics, parcours de lecture */
(function () {
  var x = window.sextant;
  if (!x) return;
  var start = Date.now(), deepest = 0, told = -1;
  function depth() {
    var all = document.documentElement.scrollHeight - innerHeight;
    deepest = Math.max(deepest, all > 0 ? Math.round(100 * scrollY / all) : 100);
    return deepest;
  }
  function tell(why) {
    var saw = why + " : " + depth() + " % lu en " + Math.round((Date.now() - start) / 1000) + " s";
    navigator.sendBeacon(x.home + "/c?fp=" + x.id + "&page=" + encodeURIComponent(location.href) + "&saw=" + encodeURIComponent(saw));
  }
  addEventListener("scroll", function () {
    var step = Math.floor(depth() / 25);
    if (step > told) { told = step; tell("défilement"); }
  }, { passive: true });
  document.addEventListener("click", function (event) {
    var link = event.target.closest && event.target.closest("a");
    if (link) tell("clic sur « " + link.textContent.trim().slice(0, 30) + " »");
  });
  addEventListener("pagehide", function () { tell("départ"); });
  tell("arrivée");
})();
