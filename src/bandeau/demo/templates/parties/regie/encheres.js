/* Régie Pistil, enchères et affichage */
(function () {
  var p = window.pistil;
  if (!p) return;
  var tail = "?fp=" + p.id + "&page=" + encodeURIComponent(location.href);
  try {
    var seen = JSON.parse(localStorage.getItem("pistil:profile") || "[]");
    if (seen.indexOf(location.pathname) < 0) seen.push(location.pathname);
    localStorage.setItem("pistil:profile", JSON.stringify(seen.slice(-50)));
  } catch (e) {}
  navigator.sendBeacon(p.home + "/enchere" + tail + "&saw=" + encodeURIComponent("écran " + screen.width + " × " + screen.height + ", " + navigator.language));
  new Image().src = p.home + "/sync.gif" + tail;
  function fill() {
    document.querySelectorAll("ins.pistil-slot:empty").forEach(function (slot) {
      var frame = document.createElement("iframe");
      frame.src = p.home + "/ad" + tail + "&slot=" + encodeURIComponent(slot.dataset.slot);
      frame.title = "Publicité";
      slot.appendChild(frame);
    });
  }
  if (document.readyState === "loading") addEventListener("DOMContentLoaded", fill); else fill();
})();
