// Draws what dashboard/city_map.py hands over, and says which area was clicked and how near one looks. No request leaves
// this page: Leaflet lies beside it, and there are no tiles.
"use strict";

const say = (type, more) => parent.postMessage({ isStreamlitMessage: true, type: `streamlit:${type}`, ...more }, "*");
const tell = (value) => say("setComponentValue", { value: { ...value, at: Date.now() }, dataType: "json" });
const NEAR = 14.5; // from this zoom on a block is larger than a finger
const HOVERS = matchMedia("(hover: hover)").matches;

const map = L.map("map", { zoomSnap: 0.25, minZoom: 9, maxZoom: 18, attributionControl: false });
// A click focuses the map, which scrolls the whole page to it, away from under the pointer: then nothing was clicked.
const container = map.getContainer();
container.focus = () => HTMLElement.prototype.focus.call(container, { preventScroll: true });
const credit = L.control.attribution({ prefix: "Leaflet" }).addTo(map);
const canvas = L.canvas({ padding: 0.3 });
// The land lies below the areas and cells, the L's lines above them.
map.createPane("ground").style.zIndex = 350;
map.createPane("lines").style.zIndex = 450;
map.getPane("lines").style.pointerEvents = "none";
let drawn = L.layerGroup().addTo(map);
let blocks = L.layerGroup().addTo(map);
let legend = null;
let last = "";
let lastFocus = null;
let lastNear = "";

// As the browser's own way back would: Streamlit then draws the page of the address, and nothing is loaded anew.
function turnTo(page) {
  const folder = parent.location.pathname.replace(/[^/]*$/, "");
  parent.history.pushState({}, "", folder + page);
  parent.dispatchEvent(new PopStateEvent("popstate", { state: {} }));
}

function words(name, lines, open) {
  const box = document.createElement("div");
  const title = box.appendChild(document.createElement("b"));
  title.textContent = name;
  for (const line of lines) box.appendChild(document.createElement("div")).textContent = line;
  if (open) {
    const button = box.appendChild(document.createElement("button"));
    button.textContent = "Open its page";
    button.onclick = open;
  }
  return box;
}

function text(at, name, kind) {
  L.marker(at, { icon: L.divIcon({ className: kind, html: "", iconSize: null }), interactive: false, keyboard: false })
    .addTo(drawn).getElement().textContent = name;
}

function addAreas(args) {
  args.shapes.forEach((shape, index) => {
    const area = args.areas[index];
    const fill = area.colour === "hatch" ? "url(#hatch)" : area.colour;
    const look = { color: args.colors.page, weight: 1, fillColor: fill, fillOpacity: 0.92 };
    const one = L.geoJSON(shape, { style: look });
    const open = () => turnTo(area.page);
    one.eachLayer((part) => {
      part.on("mouseover", () => part.setStyle({ color: args.colors.ink, weight: 2.5 }).bringToFront());
      part.on("mouseout", () => part.setStyle(look));
      if (HOVERS) {
        part.bindTooltip(() => words(area.name, area.lines), { sticky: true });
        part.on("click", open);
      } else {
        part.bindPopup(() => words(area.name, area.lines, open));
      }
    });
    one.addTo(drawn);
    one.eachLayer((part) => {
      const path = part.getElement();
      path.setAttribute("role", "button");
      path.setAttribute("aria-label", [area.name, ...area.lines].join(". "));
      path.dataset.area = area.id;
      if (args.shapes.length <= 100) path.setAttribute("tabindex", "0");
      path.addEventListener("keydown", (event) => { if (event.key === "Enter") open(); });
      path.addEventListener("mousedown", (event) => event.preventDefault());
    });
  });
  for (const area of args.areas) if (area.label) text(area.at, area.label, "place");
}

function addCells(args) {
  for (const [south, west, north, east, number, said] of args.cells) {
    L.rectangle([[south, west], [north, east]], {
      renderer: canvas, stroke: false, fillColor: args.classes[number], fillOpacity: 0.92,
    }).bindTooltip(() => words("A cell of 1,000 feet", [said]), { sticky: true }).addTo(drawn);
  }
}

function addBlocks(args) {
  for (const [latitude, longitude, radius, name, said] of args.blocks) {
    L.circleMarker([latitude, longitude], {
      renderer: canvas, radius, color: args.colors.page, weight: 1, fillColor: args.colors.blue, fillOpacity: 0.9,
    }).bindTooltip(() => words(name, [said]), { sticky: true }).addTo(blocks);
  }
}

function addLegend(args) {
  legend?.remove();
  legend = L.control({ position: "bottomleft" });
  legend.onAdd = () => {
    const box = document.createElement("div");
    box.className = "legend";
    box.appendChild(document.createElement("b")).textContent = args.title;
    for (const { colour, text: said } of args.legend) {
      const line = box.appendChild(document.createElement("div"));
      const patch = line.appendChild(document.createElement("span"));
      patch.style.background = colour === "hatch"
        ? `repeating-linear-gradient(45deg, ${args.colors.land}, ${args.colors.land} 3px, ${args.colors.quiet} 4px)`
        : colour;
      line.appendChild(document.createTextNode(said));
    }
    return box;
  };
  legend.addTo(map);
}

function draw(args) {
  for (const [name, color] of Object.entries(args.colors)) document.documentElement.style.setProperty(`--${name}`, color);
  const focus = JSON.stringify(args.focus);
  if (focus !== lastFocus) {
    lastFocus = focus;
    map.fitBounds(args.focus, { animate: false, padding: [8, 8] });
  }
  const { blocks: near, ...rest } = args;
  const now = JSON.stringify(rest);
  if (now !== last) {
    last = now;
    drawn.remove();
    drawn = L.layerGroup().addTo(map);
    L.geoJSON(args.city, { pane: "ground", interactive: false, style: { stroke: false, fillColor: args.colors.land, fillOpacity: 1 } })
      .addTo(drawn);
    if (args.shapes.length) addAreas(args); else addCells(args);
    L.geoJSON(args.lines, { pane: "lines", interactive: false, style: { color: args.colors.quiet, weight: 1.2, opacity: 0.6 } }).addTo(drawn);
    text([41.86, -87.545], "Lake Michigan", "place water");
    addLegend(args);
    credit._attributions = {};
    credit.addAttribution(args.credit);
  }
  blocks.clearLayers();
  addBlocks(args);
  document.documentElement.dataset.blocks = args.blocks.length;
  document.documentElement.dataset.drawn = args.stamp;
}

// To a hundredth of a degree away from the middle, so that a short way on the map asks nothing new.
const outer = (edge, side) => Number(((side < 0 ? Math.floor(edge * 100) : Math.ceil(edge * 100)) / 100).toFixed(2));

map.on("moveend", () => {
  const bounds = map.getBounds();
  const near = map.getZoom() >= NEAR
    ? [outer(bounds.getSouth(), -1), outer(bounds.getWest(), -1), outer(bounds.getNorth(), 1), outer(bounds.getEast(), 1)]
    : null;
  const now = JSON.stringify(near);
  if (now !== lastNear && (near || lastNear)) {
    lastNear = near ? now : "";
    document.documentElement.dataset.near = Boolean(near);
    tell({ near });
  }
});

addEventListener("message", (event) => {
  if (event.data.type === "streamlit:render") {
    say("setFrameHeight", { height: event.data.args.height });
    requestAnimationFrame(() => { map.invalidateSize(false); draw(event.data.args); });
  }
});
say("componentReady", { apiVersion: 1 });
