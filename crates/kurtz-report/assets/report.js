// Draws each figure interactively once it comes near the window; until then, in print and without scripts, its SVG stands.
(function () {
  "use strict";
  // Lengths in the specification are points of the printed figure: these keys grow with the room there is.
  var LENGTHS = ["size", "width", "thickness", "standoff", "ticklen", "tickwidth", "linewidth", "outlinewidth", "xshift", "yshift"];

  function scaled(value, factor) {
    if (Array.isArray(value)) {
      return typeof value[0] === "object" && value[0] !== null && !Array.isArray(value[0])
        ? value.map(function (v) { return scaled(v, factor); }) : value;
    }
    if (value === null || typeof value !== "object") { return value; }
    var copy = {};
    Object.keys(value).forEach(function (key) {
      var v = value[key];
      copy[key] = typeof v === "number" && LENGTHS.indexOf(key) >= 0 ? v * factor : scaled(v, factor);
    });
    return copy;
  }

  function prepare(figure) {
    var script = figure.querySelector("script[type='application/json']");
    var still = figure.querySelector(".static");
    var live = figure.querySelector(".interactive");
    var specification = JSON.parse(script.textContent);
    var drawnAt = 0;

    function draw() {
      live.hidden = false;
      var width = live.clientWidth;
      if (width === 0 || width === drawnAt) { return; }
      drawnAt = width;
      var factor = width / specification.width;
      var layout = scaled(specification.layout, factor);
      layout.width = width;
      layout.height = specification.height * factor;
      var options = {
        displaylogo: false, responsive: false,
        modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"],
        toImageButtonOptions: { format: "svg", filename: script.dataset.name }
      };
      window.Plotly.react(live, scaled(specification.data, factor), layout, options).then(function () {
        still.style.display = "none";
      }).catch(function () {
        live.hidden = true;
        still.style.display = "";
      });
    }
    return draw;
  }

  var draws = [];
  var observer = new IntersectionObserver(function (entries) {
    entries.forEach(function (entry) {
      if (!entry.isIntersecting) { return; }
      observer.unobserve(entry.target);
      var draw = prepare(entry.target);
      draws.push(draw);
      draw();
    });
  }, { rootMargin: "600px" });
  document.querySelectorAll("figure").forEach(function (figure) { observer.observe(figure); });

  var waiting;
  window.addEventListener("resize", function () {
    clearTimeout(waiting);
    waiting = setTimeout(function () { draws.forEach(function (draw) { draw(); }); }, 150);
  });
})();
