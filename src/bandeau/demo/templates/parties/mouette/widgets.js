/* Mouette, affichage des publications */
(function () {
  var m = window.mouette;
  if (!m) return;
  var tail = "?fp=" + m.id + "&page=" + encodeURIComponent(location.href);
  m.scan = function () {
    document.querySelectorAll("blockquote.mouette-post[data-post]").forEach(function (quote) {
      var frame = document.createElement("iframe");
      frame.src = m.home + "/embed/" + encodeURIComponent(quote.dataset.post) + tail;
      frame.title = "Publication sur Mouette";
      frame.height = 230;
      frame.style.cssText = "border:0;width:100%;display:block";
      quote.replaceWith(frame);
    });
  };
  addEventListener("message", function (event) {
    if (event.origin !== m.home || typeof event.data.mouette !== "number") return;
    document.querySelectorAll("iframe").forEach(function (frame) {
      if (frame.contentWindow === event.source) frame.height = Math.min(event.data.mouette, 900);
    });
  });
  m.scan();
  new Image().src = m.home + "/jot.gif" + tail;
  navigator.sendBeacon(m.home + "/seen" + tail + "&saw=" + encodeURIComponent("titre : " + document.title.slice(0, 60)));
})();
