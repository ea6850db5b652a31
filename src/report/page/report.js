"use strict";
// Everything that is shown comes out of the JSON above, most of it from somebody else's image: it reaches the page as
// text only (textContent), never as markup.
const data = JSON.parse(document.getElementById("data").textContent);

function make(tag, properties, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties || {})) {
    if (name === "class") element.className = value;
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.filter(child => child !== null && child !== undefined));
  return element;
}

function bytes(count) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let unit = 0, value = count;
  while (Math.abs(value) >= 1000 && unit < units.length - 1) { value /= 1000; ++unit; }
  return (unit === 0 ? value.toFixed(0) : value.toFixed(1)) + "\u00a0" + units[unit];
}
const signed = count => (count > 0 ? "+" : count < 0 ? "\u2212" : "") + bytes(Math.abs(count));
const number = count => count.toLocaleString("en-US");
const sum = list => list.reduce((total, value) => total + value, 0);

const packageName = item => item.name === "" ? "files of no package" : item.name + (item.version ? " " + item.version : "");
const layerName = index => (index + 1) + " " + data.layers[index].name;
const section = id => document.querySelector("#" + id + " .body");

// ---- directories and leaves: columns in the JSON, one index each

const directoryPaths = [""];
for (let i = 1; i < data.dirs.name.length; ++i) {
  const parent = directoryPaths[data.dirs.parent[i]];
  directoryPaths.push(parent === "" ? data.dirs.name[i] : parent + "/" + data.dirs.name[i]);
}
const leaves = data.leaves;
const leafTitle = i => leaves.name[i] !== "" ? leaves.name[i] : number(leaves.count[i]) + " small files";

// ---- the map

const state = { by: "package", size: "compressed", at: [] };

class Node {
  constructor(title, kind) { this.title = title; this.kind = kind; this.size = 0; this.children = null; this.spare = 0; this.bytecode = 0; this.files = 0; }
  child(key, title, kind) {
    if (this.children === null) this.children = new Map();
    let found = this.children.get(key);
    if (!found) this.children.set(key, found = new Node(title, kind));
    return found;
  }
  add(size, files, category) {
    this.size += size;
    this.files += files;
    if (category === "bytecode") this.bytecode += size;
    else if (category !== "needed") this.spare += size;
  }
  sorted() { return this.children === null ? [] : [...this.children.values()].filter(node => node.size > 0).sort((a, b) => b.size - a.size); }
}

const chains = data.dirs.name.map((_, i) => {
  const chain = [];
  for (let at = i; at > 0; at = data.dirs.parent[at]) chain.push(at);
  return chain.reverse();
});

function buildTree() {
  const root = new Node(data.image.title, "files");
  for (let i = 0; i < leaves.dir.length; ++i) {
    const size = leaves[state.size][i], category = data.categories[leaves.category[i]], kind = data.packages[leaves.package[i]].kind;
    const path = [root];
    const step = (key, title) => path.push(path[path.length - 1].child(key, title, kind));
    if (state.by === "layer") step("l" + leaves.layer[i], layerName(leaves.layer[i]));
    if (state.by !== "directory") step("p" + leaves.package[i], packageName(data.packages[leaves.package[i]]));
    for (const dir of chains[leaves.dir[i]]) step("d" + dir, data.dirs.name[dir] + "/");
    step("f" + i, leafTitle(i));
    for (const node of path) node.add(size, leaves.count[i], category);
  }
  if (state.by === "layer") {
    data.layers.forEach((layer, index) => {
      if (layer.hidden[state.size] === 0) return;
      const parent = root.child("l" + index, layerName(index), "hidden");
      const hidden = parent.child("hidden", "replaced or deleted by layers above", "hidden");
      for (const node of [root, parent, hidden]) node.add(layer.hidden[state.size], layer.hidden.files, "needed");
    });
  }
  shorten(root);
  return root;
}

/** A directory with nothing but one directory in it is one step with that; so is a package that is all in one place. */
function shorten(node) {
  if (node.children === null) return;
  for (const child of node.children.values()) {
    while (child.children !== null && child.children.size === 1) {
      const only = child.children.values().next().value;
      if (only.children === null) break;
      if (child.title.endsWith("/")) child.title += only.title;
      else if (only.title.endsWith("/")) child.within = (child.within || "") + only.title;
      else break;
      child.children = only.children;
    }
    shorten(child);
  }
}

/** Bruls, Huizing, van Wijk: Squarified Treemaps (2000). */
function squarify(nodes, box) {
  const total = sum(nodes.map(node => node.size));
  const scale = box.w * box.h / (total || 1);
  const placed = [];
  let { x, y, w, h } = box, rest = nodes.slice();
  const worst = (row, side) => {
    const area = sum(row.map(node => node.size)) * scale, thick = area / side;
    return Math.max(...row.map(node => { const long = node.size * scale / thick; return Math.max(long / thick, thick / long); }));
  };
  while (rest.length > 0 && w > 0.5 && h > 0.5) {
    const side = Math.min(w, h);
    const row = [rest[0]];
    let count = 1;
    while (count < rest.length && worst([...row, rest[count]], side) <= worst(row, side)) row.push(rest[count++]);
    rest = rest.slice(count);
    const thick = sum(row.map(node => node.size)) * scale / side;
    let along = 0;
    for (const node of row) {
      const long = node.size * scale / thick;
      placed.push(w >= h ? { node, x, y: y + along, w: thick, h: long } : { node, x: x + along, y, w: long, h: thick });
      along += long;
    }
    if (w >= h) { x += thick; w -= thick; } else { y += thick; h -= thick; }
  }
  return placed;
}

const kMostCells = 120;

/** The largest, and the others as one: a cell of a pixel tells nobody anything. */
function shown(node, most) {
  const all = node.sorted();
  if (all.length <= most) return all;
  const rest = new Node(number(all.length - most) + " smaller", "files");
  for (const other of all.slice(most)) rest.add(other.size, other.files, "needed");
  return [...all.slice(0, most), rest];
}

function colour(node) {
  if (node.kind === "hidden") return "kind-hidden";
  if (node.spare > (node.size - node.bytecode) / 2) return "kind-spare";  // a test's bytecode goes with the test
  return "kind-" + (node.bytecode > node.size / 2 ? "bytecode" : node.kind);
}

function place(element, box, inset) {
  element.style.left = box.x + "px";
  element.style.top = box.y + "px";
  element.style.width = Math.max(box.w - inset, 1) + "px";
  element.style.height = Math.max(box.h - inset, 1) + "px";
}

let tree = null, mapBox = null, crumbs = null, here = null, announce = null;

function walkTo(at, focusTitle) {
  state.at = at;
  drawMap();
  const cells = [...mapBox.querySelectorAll(".cell")];
  const target = cells.find(cell => cell.dataset.title === focusTitle) || cells[0];
  if (target) target.focus({ preventScroll: true });
  else mapBox.focus({ preventScroll: true });
}

function nodeAt(at) {
  let node = tree;
  const found = [];
  for (const title of at) {
    const next = node.sorted().find(child => child.title === title);
    if (!next) break;
    found.push(next);
    node = next;
  }
  return [node, found];
}

function drawCell(item, node) {
  const can = item.node.children !== null;
  const text = item.node.title + ", " + bytes(item.node.size) + ", " + (100 * item.node.size / (node.size || 1)).toFixed(1) + " %, " +
    number(item.node.files) + (item.node.files === 1 ? " file" : " files");
  const cell = make(can ? "button" : "div", {
    class: "cell " + colour(item.node), title: text, "aria-label": text + (can ? ", opens" : ""), tabindex: "-1",
    role: can ? null : "img", type: can ? "button" : null,
    onclick: can ? () => walkTo([...state.at, item.node.title]) : null,
  });
  cell.dataset.title = item.node.title;
  place(cell, item, 0);
  if (item.w > 34 && item.h > 18) {
    const label = make("span", { class: "label" }, make("b", {}, item.node.title));
    if (item.w > 110 || item.h > 36) label.append(item.h > 36 && item.w < 160 ? make("br") : " ", make("span", {}, bytes(item.node.size)));
    cell.append(label);
  }
  if (can && item.w > 90 && item.h > 70) drawInner(cell, item);
  return cell;
}

function drawInner(cell, item) {
  const top = item.w < 160 ? 38 : 22;
  let within = item.node;
  for (let all = within.sorted(); all.length > 0 && all[0].children !== null && all[0].size > 0.9 * within.size; all = within.sorted()) within = all[0];
  const nodes = shown(within, 60);
  if (nodes.length < 2) return;
  for (const inner of squarify(nodes, { x: 3, y: top, w: item.w - 8, h: item.h - top - 5 })) {
    if (inner.w < 4 || inner.h < 4) continue;
    const box = make("span", { class: "inner " + colour(inner.node), "aria-hidden": "true" });
    place(box, inner, 0);
    if (inner.w > 46 && inner.h > 18) box.textContent = inner.node.title;
    cell.append(box);
  }
}

function drawMap() {
  const [node, found] = nodeAt(state.at);
  state.at = found.map(step => step.title);
  mapBox.replaceChildren();
  const box = { x: 0, y: 0, w: mapBox.clientWidth, h: mapBox.clientHeight };
  for (const item of squarify(shown(node, kMostCells), box)) mapBox.append(drawCell(item, node));
  const first = mapBox.querySelector(".cell");
  if (first) first.setAttribute("tabindex", "0");
  crumbs.replaceChildren(...[{ title: "whole image" }, ...found].map((step, i) => make("li", {}, i === found.length
    ? make("span", { "aria-current": "location" }, step.title, step.within ? make("span", { class: "count" }, " in /" + step.within) : null)
    : make("button", { type: "button", onclick: () => walkTo(state.at.slice(0, i), state.at[i]) }, step.title))));
  const part = 100 * node.size / (tree.size || 1);
  here.textContent = bytes(node.size) + " " + state.size + (found.length ? ", " + part.toFixed(1) + " % of the image" : "") + ", " + number(node.files) + " files";
  announce.textContent = (found.length ? found[found.length - 1].title : "whole image") + ": " + here.textContent;
}

/** Arrow keys go to the nearest cell in that direction; Escape and Backspace go out. */
function onMapKey(event) {
  const current = document.activeElement;
  if (event.key === "Escape" || event.key === "Backspace") {
    if (state.at.length === 0) return;
    event.preventDefault();
    walkTo(state.at.slice(0, -1), state.at[state.at.length - 1]);
    return;
  }
  const direction = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
  if (!direction || !current.classList.contains("cell")) return;
  event.preventDefault();
  const centre = element => [element.offsetLeft + element.offsetWidth / 2, element.offsetTop + element.offsetHeight / 2];
  const [x, y] = centre(current);
  let best = null, bestDistance = Infinity;
  for (const cell of mapBox.querySelectorAll(".cell")) {
    const [cx, cy] = centre(cell);
    const along = (cx - x) * direction[0] + (cy - y) * direction[1];
    const across = Math.abs((cx - x) * direction[1]) + Math.abs((cy - y) * direction[0]);
    if (cell === current || along <= 1) continue;
    const distance = along + 2 * across;
    if (distance < bestDistance) { bestDistance = distance; best = cell; }
  }
  if (best === null) return;
  current.setAttribute("tabindex", "-1");
  best.setAttribute("tabindex", "0");
  best.focus();
}

function choice(label, options, chosen, onchange) {
  const group = make("span", { class: "choice", role: "group", "aria-label": label });
  for (const [value, text] of options) {
    group.append(make("button", {
      type: "button", "data-value": value, "aria-pressed": String(value === chosen),
      onclick: event => {
        for (const button of group.children) button.setAttribute("aria-pressed", String(button === event.currentTarget));
        onchange(value);
      },
    }, text));
  }
  return make("span", {}, label + " ", group);
}

function setUpMap() {
  const change = name => value => { state[name] = value; if (name === "by") state.at = []; tree = buildTree(); drawMap(); };
  here = make("span", { class: "count" });
  crumbs = make("ol", { class: "crumbs", "aria-label": "Place in the image" });
  announce = make("p", { class: "skip", "aria-live": "polite" });
  mapBox = make("div", { class: "treemap", role: "group", tabindex: "-1", "aria-label": "Treemap: arrow keys move, Enter opens, Escape goes back", onkeydown: onMapKey });
  const legend = make("ul", { class: "legend" });
  const kinds = [["wheel", "wheels"], ["deb", "Debian packages"], ["bytecode", "bytecode"], ["files", "files of no package"], ["spare", "mostly what may not be needed"]];
  for (const [kind, text] of kinds) legend.append(make("li", {}, make("i", { class: "kind-" + kind }), text));
  if (data.layers.some(layer => layer.hidden.files > 0)) legend.append(make("li", {}, make("i", { class: "kind-hidden" }), "replaced or deleted by layers above (by layer)"));
  section("map").append(
    make("div", { class: "bar" },
      choice("by", [["package", "package"], ["layer", "layer"], ["directory", "directory"]], state.by, change("by")),
      choice("size", [["compressed", "compressed"], ["plain", "plain"]], state.size, change("size")), here),
    crumbs, mapBox, legend, announce);
  const limits = data.limits;
  if (limits.files_left_out > 0) {
    section("map").append(make("p", { class: "note" }, number(limits.files_left_out) + " of " + number(data.image.files) +
      " files are shown as \u201csmall files\u201d of their directory, to keep this page small; sums are exact. " +
      "mlbuild inspect --format json has every file."));
  }
  tree = buildTree();
  drawMap();
  let waiting = 0;
  new ResizeObserver(() => { cancelAnimationFrame(waiting); waiting = requestAnimationFrame(drawMap); }).observe(mapBox);
}

// ---- tables

const kFirstRows = 25, kMoreRows = 200;

/** columns: {title, value(row), text(row) | cell(row), number, className}; sorts by value, filters by text. */
function table(columns, rows, options) {
  let order = options.order === undefined ? -1 : options.order, down = options.down !== false, limit = options.rows || kFirstRows, words = "";
  const textOf = (column, row) => column.text ? column.text(row) : String(column.value(row));
  const body = make("tbody"), count = make("span", { class: "count", "aria-live": "polite" });
  const more = make("button", { type: "button", class: "more", onclick: () => { limit += kMoreRows; draw(); } });
  const heads = columns.map((column, i) => make("th", { scope: "col", class: [column.number ? "number" : "", (column.className || "").split(" ").includes("wide") ? "wide" : ""].join(" ") },
    make("button", { type: "button", onclick: () => { down = order === i ? !down : Boolean(column.number); order = i; draw(); } }, column.title)));
  const filter = rows.length > 10 ? make("input", { type: "search", placeholder: "filter", "aria-label": "Filter " + options.label, oninput: event => { words = event.target.value.toLowerCase(); limit = options.rows || kFirstRows; draw(); } }) : null;
  function draw() {
    const wanted = words.split(/\s+/).filter(Boolean);
    let chosen = wanted.length === 0 ? rows.slice() : rows.filter(row => {
      const all = columns.map(column => textOf(column, row)).join(" ").toLowerCase();
      return wanted.every(word => all.includes(word));
    });
    if (order >= 0) {
      const value = columns[order].value;
      chosen.sort((a, b) => { const x = value(a), y = value(b); return (x < y ? -1 : x > y ? 1 : 0) * (down ? -1 : 1); });
    }
    heads.forEach((head, i) => i === order ? head.setAttribute("aria-sort", down ? "descending" : "ascending") : head.removeAttribute("aria-sort"));
    body.replaceChildren(...chosen.slice(0, limit).map(row => make("tr", {}, ...columns.map(column => make("td",
      { class: [column.number ? "number" : "", column.className || "", column.colour ? column.colour(row) : ""].join(" ").trim() },
      column.cell ? column.cell(row) : textOf(column, row))))));
    count.textContent = wanted.length ? number(chosen.length) + " of " + number(rows.length) : number(rows.length) + (rows.length === 1 ? " row" : " rows");
    more.hidden = chosen.length <= limit;
    more.textContent = "show " + number(Math.min(kMoreRows, chosen.length - limit)) + " more";
  }
  draw();
  return make("div", {}, filter ? make("div", { class: "bar" }, filter, count) : null,
    make("div", { class: "scroll" }, make("table", { "aria-label": options.label }, make("thead", {}, make("tr", {}, ...heads)), body)), more);
}

const size = (title, value, extra) => Object.assign({ title, number: true, value, text: row => bytes(value(row)) }, extra);
const files = value => ({ title: "files", number: true, className: "wide", value, text: row => number(value(row)) });
const layerNumbers = list => list.length > 6 ? list.slice(0, 6).map(i => i + 1).join(", ") + " \u2026" : list.map(i => i + 1).join(", ");

function withShare(column, total) {
  column.cell = row => {
    const bar = make("span", { class: "share" });
    bar.style.width = Math.max(100 * column.value(row) / (total || 1), 0.5).toFixed(1) + "%";
    return make("span", {}, column.text(row), bar);
  };
  return column;
}

function setUpTables() {
  const most = Math.max(1, ...data.packages.map(item => item.compressed));
  section("packages").append(table([
    { title: "package", value: row => packageName(row).toLowerCase(), text: packageName, className: "name" },
    { title: "kind", className: "wide", value: row => row.kind },
    withShare(size("compressed", row => row.compressed), most), size("plain", row => row.plain), files(row => row.files),
    { title: "layers", className: "wide", value: row => row.layers.length ? row.layers[0] : -1, text: row => layerNumbers(row.layers) },
  ], data.packages, { label: "packages", order: 2 }));

  const largest = Math.max(1, ...data.layers.map(layer => layer.compressed));
  const layers = data.layers.map((layer, index) => ({ ...layer, index }));
  const hasHidden = layers.some(layer => layer.hidden.files > 0);
  section("layers").append(table([
    { title: "#", number: true, value: row => row.index + 1 },
    { title: "layer", value: row => row.name.toLowerCase(), text: row => row.name, className: "name" },
    withShare(size("compressed", row => row.compressed), largest), size("plain", row => row.plain),
    ...(hasHidden ? [size("hidden", row => row.hidden.compressed)] : []),
    { title: "digest", className: "wide", value: row => row.digest, text: row => row.digest.slice(0, 19) },
  ], layers, { label: "layers", order: 0, down: false, rows: 70 }));
  if (hasHidden) section("layers").append(make("p", { class: "note" }, "Hidden: bytes that layers above replace or delete. Everybody who pulls the image still pays for them."));

  const rows = [];
  for (let i = 0; i < leaves.dir.length; ++i) if (leaves.name[i] !== "") rows.push(i);
  const fullPath = i => "/" + (directoryPaths[leaves.dir[i]] === "" ? "" : directoryPaths[leaves.dir[i]] + "/") + leaves.name[i];
  section("files").append(table([
    { title: "file", value: fullPath, className: "path" },
    size("compressed", i => leaves.compressed[i]), size("plain", i => leaves.plain[i], { className: "wide" }),
    { title: "package", value: i => packageName(data.packages[leaves.package[i]]), className: "wide" },
    { title: "layer", number: true, className: "wide", value: i => leaves.layer[i] + 1 },
    { title: "", className: "wide", value: i => data.categories[leaves.category[i]], text: i => data.categories[leaves.category[i]] === "needed" ? "" : data.categories[leaves.category[i]] },
  ], rows, { label: "files", order: 1 }));
  if (data.limits.files_left_out > 0) section("files").append(make("p", { class: "note" }, "The " + number(rows.length) + " largest of " + number(data.image.files) + " files."));
}

// ---- what may not be needed

function setUpWaste() {
  const rows = data.waste.filter(row => row.files > 0);
  const body = section("waste");
  if (rows.length === 0) { body.append(make("p", {}, "Nothing was found.")); return; }
  body.append(table([
    { title: "what", value: row => row.what, className: "name" },
    { title: "mostly in", value: row => row.places, className: "name wide" },
    size("compressed", row => row.compressed), size("plain", row => row.plain), files(row => row.files),
  ], rows, { label: "what may not be needed", order: 2 }));
  body.append(make("p", { class: "note" }, "By the place of a file, or its content. The rows overlap: a test may also be a copy. Bytecode saves time at the first start."));
  if (data.hidden.rows.length > 0) {
    body.append(make("h3", {}, "Replaced or deleted by layers above"), table([
      { title: "file", value: row => "/" + row.path, className: "path" },
      size("compressed", row => row.compressed), size("plain", row => row.plain),
      { title: "in layer", number: true, value: row => row.layer + 1 },
      { title: "by layer", value: row => row.by, text: row => (row.deleted ? "deleted by " : "replaced by ") + (row.by + 1) },
    ], data.hidden.rows, { label: "hidden files", order: 1, rows: 10 }));
    if (data.hidden.left_out > 0) body.append(make("p", { class: "note" }, "The largest; " + number(data.hidden.left_out) + " smaller ones are left out."));
  }
  if (data.duplicates.rows.length > 0) {
    body.append(make("h3", {}, "Copies: files of the same content"), table([
      { title: "files", value: row => row.paths.join(" "), className: "path", cell: row => {
        const list = make("span", {});
        row.paths.forEach((path, i) => list.append(...(i ? [make("br")] : []), "/" + path));
        if (row.files > row.paths.length) list.append(make("br"), "and " + number(row.files - row.paths.length) + " more");
        return list;
      } },
      size("each", row => row.size), size("wasted", row => row.wasted),
    ], data.duplicates.rows, { label: "copies", order: 2, rows: 8 }));
    if (data.duplicates.left_out > 0) body.append(make("p", { class: "note" }, number(data.duplicates.left_out) + " smaller groups are left out."));
  }
}

// ---- comparison

function setUpCompare() {
  const compare = data.compare;
  if (!compare) return;
  document.getElementById("compare").hidden = false;
  const body = section("compare");
  const growth = data.image.compressed - compare.compressed;
  body.append(make("p", {}, "Against ", make("b", {}, compare.name), ": " + bytes(compare.compressed) + " \u2192 " + bytes(data.image.compressed) + " compressed, ",
    make("b", { class: growth > 0 ? "grew" : "shrank" }, signed(growth)), "."));
  if (compare.same) { body.append(make("p", {}, "The images are the same.")); return; }
  const change = (title, before, after, extra) => Object.assign({ title, number: true, value: row => after(row) - before(row), text: row => signed(after(row) - before(row)),
    colour: row => after(row) > before(row) ? "grew" : after(row) < before(row) ? "shrank" : "" }, extra);
  const magnitude = (a, b) => Math.abs(b.after - b.before) - Math.abs(a.after - a.before);
  const versions = row => row.before_version === row.after_version ? row.after_version : [row.before_version || "\u2014", row.after_version || "\u2014"].join(" \u2192 ");
  body.append(table([
    { title: "package", value: row => row.name.toLowerCase(), text: row => row.name === "" ? "files of no package" : row.name, className: "name" },
    { title: "kind", className: "wide", value: row => row.kind },
    { title: "version", value: versions, className: "name" },
    change("compressed", row => row.before, row => row.after), change("plain", row => row.before_plain, row => row.after_plain),
  ], compare.packages.slice().sort(magnitude), { label: "changed packages" }));
  if (compare.files.length > 0) {
    body.append(make("h3", {}, "Files"), table([
      { title: "file", value: row => "/" + row.path, className: "path" },
      { title: "", value: row => row.change, className: "wide" },
      change("plain", row => row.before, row => row.after),
    ], compare.files, { label: "changed files", rows: 12 }));
    if (compare.files_left_out > 0) body.append(make("p", { class: "note" }, number(compare.files_left_out) + " files that changed less are left out."));
  }
  if (compare.config.length > 0) {
    body.append(make("h3", {}, "Config"), table([
      { title: "member", value: row => row.name, className: "name" }, { title: "before", value: row => row.before || "(none)", className: "path" },
      { title: "after", value: row => row.after || "(none)", className: "path" },
    ], compare.config, { label: "changed config" }));
  }
}

// ---- findings

const SHOWN_EVIDENCE = 8;

function patchText(patch) {
  return patch.map(edit => [edit.at ? edit.at.file + (edit.at.line ? ":" + edit.at.line : "") : "", edit.before && "- " + edit.before, edit.after && "+ " + edit.after]
    .filter(line => line).join("\n")).join("\n");
}

function savedText(saves) {
  return [["compressed_bytes", "compressed"], ["plain_bytes", "plain"]].filter(([member]) => saves[member] !== null)
    .map(([member, name]) => bytes(saves[member]) + " " + name).join(", ");
}

function setUpFindings() {
  if (data.findings.length === 0) return;
  document.getElementById("findings").hidden = false;
  for (const finding of data.findings) {
    const saved = savedText(finding.saves), left = finding.evidence.length - SHOWN_EVIDENCE;
    const evidence = finding.evidence.slice(0, SHOWN_EVIDENCE).concat(left > 0 ? ["and " + number(left) + " more"] : []);
    section("findings").append(make("div", { class: "finding" },
      make("h3", {}, finding.title + (saved ? ", saves " + saved : "")),
      finding.way_out ? make("p", { class: "way" }, finding.way_out) : null,
      evidence.length > 0 ? make("ul", {}, ...evidence.map(line => make("li", {}, line))) : null,
      finding.patch.length > 0 ? make("pre", {}, patchText(finding.patch)) : null,
      make("p", { class: "count" }, [finding.severity, finding.id, finding.measured].filter(text => text).join(" \u00b7 "))));
  }
}

// ---- the page

function setUpHead() {
  const image = data.image;
  document.title = image.title + ": image report";
  document.getElementById("title").textContent = image.title;
  document.getElementById("identity").append(image.platform + (image.name !== image.title ? " \u00b7 " + image.name : "") + " \u00b7 ", make("code", {}, image.digest));
  const figures = [["compressed", bytes(image.compressed)], ["plain", bytes(image.plain)], ["layers", number(data.layers.length)],
    ["packages", number(data.packages.filter(item => item.name !== "").length)], ["files", number(image.files)]];
  if (data.compare) figures.push(["than before, compressed", signed(image.compressed - data.compare.compressed)]);
  for (const [name, value] of figures) document.getElementById("figures").append(make("div", {}, make("dt", {}, name), make("dd", {}, value)));
  document.getElementById("footer").textContent = "Made by mlbuild from the image\u2019s layers. Plain sizes are exact; a file\u2019s compressed size is its share of the layer.";
  for (const part of document.querySelectorAll("main > section")) {
    if (!part.hidden) document.getElementById("sections").append(make("li", {}, make("a", { href: "#" + part.id }, part.querySelector("h2").textContent)));
  }
}

setUpMap();
setUpWaste();
setUpTables();
setUpCompare();
setUpFindings();
setUpHead();
document.documentElement.dataset.ready = "true";
