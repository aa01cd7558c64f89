/* Bulles, lecteur */
(function () {
  var script = document.createElement("script");
  script.src = "/telemetry.js?page=" + encodeURIComponent(document.referrer);
  document.head.appendChild(script);
  var play = document.querySelector("button");
  if (play) play.addEventListener("click", function () {
    var on = document.body.classList.toggle("playing");
    play.setAttribute("aria-pressed", on);
    if (window.bulles) window.bulles(on ? "lecture" : "pause");
  });
})();
