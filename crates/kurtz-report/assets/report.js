// Draws each figure interactively; until then, in print and without scripts, its SVG stands.
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

    // Ticks at whole powers of ten would leave a short piece of a log axis without any.
    function freeTicks() {
      var changes = {};
      Object.keys(specification.layout).forEach(function (name) {
        var asked = specification.layout[name];
        if (!/^[xy]axis/.test(name) || asked.type !== "log" || asked.tickmode !== "linear") { return; }
        var now = live.layout[name];
        var mode = Math.abs(now.range[1] - now.range[0]) < 1.5 ? "auto" : "linear";
        if (now.tickmode !== mode) {
          changes[name + ".tickmode"] = mode;
          changes[name + ".dtick"] = mode === "auto" ? null : asked.dtick;
        }
      });
      if (Object.keys(changes).length > 0) { window.Plotly.relayout(live, changes); }
    }

    function draw() {
      live.hidden = false;
      var width = live.clientWidth;
      if (width === 0 || width === drawnAt) { return; }
      drawnAt = width;
      var factor = width / specification.width;
      var layout = scaled(specification.layout, factor);
      // A strip above the figure belongs to the buttons, which some devices show all the time.
      layout.margin.t = 26;
      layout.width = width;
      layout.height = specification.height * factor + layout.margin.t;
      var options = {
        displaylogo: false, responsive: false,
        // The library would offer to upload the data to its makers' server.
        showSendToCloud: false, plotlyServerURL: "",
        modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"],
        toImageButtonOptions: { format: "svg", filename: script.dataset.name }
      };
      window.Plotly.react(live, scaled(specification.data, factor), layout, options).then(function () {
        still.style.display = "none";
        if (!live.dataset.watched) {
          live.dataset.watched = "yes";
          live.on("plotly_relayout", freeTicks);
        }
      }).catch(function () {
        live.hidden = true;
        still.style.display = "";
      });
    }
    return draw;
  }

  // One after the other, so that the page can be scrolled meanwhile.
  var draws = [];
  var figures = Array.prototype.slice.call(document.querySelectorAll("figure"));
  function next() {
    var figure = figures.shift();
    if (!figure) { return; }
    var draw = prepare(figure);
    draws.push(draw);
    draw();
    setTimeout(next, 20);
  }
  next();

  var waiting;
  window.addEventListener("resize", function () {
    clearTimeout(waiting);
    waiting = setTimeout(function () { draws.forEach(function (draw) { draw(); }); }, 150);
  });
})();
