// Draws the sandbox's state and sends what a person decides. Everything that comes in is text and stays text:
// nodes are made one by one, never from markup.
"use strict";

const TOKEN = document.querySelector("meta[name=page-token]").content;
const SVG = "http://www.w3.org/2000/svg";
const CHART_HEIGHT = 150;
const byId = (id) => document.getElementById(id);

let state = null;
let version = -1;
let problem = "";
let isLost = false;
let isSent = false;
let chosen = null; // the number of the pull request that is shown
let known = new Set(); // the pull requests that were there already
const drawn = new Map(); // what each part showed last, so that nothing is redrawn needlessly
const folds = new Map(); // which folded parts a person opened or closed

// Nodes

function h(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

function s(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(name, value);
    else if (value !== null && value !== false) node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.flat(4).filter((child) => child !== null && child !== ""));
  return node;
}

function redraw(id, value, draw) {
  const text = JSON.stringify(value);
  if (drawn.get(id) === text) return;
  drawn.set(id, text);
  byId(id).replaceChildren(...[draw(value)].flat(4).filter((node) => node !== null));
}

function fold(key, isOpen, summary, ...content) {
  const node = h("details", {}, h("summary", {}, summary), ...content);
  node.open = folds.has(key) ? folds.get(key) : isOpen;
  node.querySelector("summary").addEventListener("click", () => folds.set(key, !node.open));
  return node;
}

const shortTime = (time) => time.replace("T", " ").replace(/:\d\dZ$/, "");
const figure = (value, digits) => (value === null || value === undefined ? "–" : value.toFixed(digits));

// Text of the bot: blocks that the server took apart

const TAGS = { strong: "strong", emphasis: "em", code: "code" };

function spans(list) {
  return list.map((span) => (TAGS[span.style] ? h(TAGS[span.style], {}, span.text) : span.text));
}

function block(each) {
  switch (each.kind) {
    case "heading": return h(each.level < 3 ? "h3" : "h4", {}, spans(each.text));
    case "item": return h("div", { class: `item depth-${Math.min(each.depth, 3)}` }, h("div", {}, spans(each.text)));
    case "quote": return h("blockquote", {}, spans(each.text));
    case "rule": return h("hr");
    case "table": return table(each);
    case "code": return each.language === "diff" ? diff(each.lines) : h("pre", {}, each.lines.join("\n"));
    case "chart": return dayChart(each);
    default: return h("p", {}, spans(each.text));
  }
}

function table(each) {
  const cell = (tag) => (text, place) => h(tag, { class: each.numeric[place] ? "number" : null }, spans(text));
  const head = each.head.some((text) => text.length) ? h("thead", {}, h("tr", {}, each.head.map(cell("th")))) : null;
  return h("table", {}, head, h("tbody", {}, each.rows.map((row) => h("tr", {}, row.map(cell("td"))))));
}

function diff(lines) {
  const kinds = { "+": "plus", "-": "minus", "@": "hunk" };
  const kind = (line) => (/^(--- a|\+\+\+ b)\//.test(line) ? "hunk" : kinds[line[0]] || null);
  return h("pre", { class: "diff" }, lines.map((line) => h("span", { class: kind(line) }, line || " ")));
}

// Charts

function path(points, x, y) {
  return points.map(([at, value], place) => `${place ? "L" : "M"}${x(at).toFixed(1)} ${y(value).toFixed(1)}`).join("");
}

function scale(low, high, from, to) {
  return (value) => from + ((value - low) / (high - low || 1)) * (to - from);
}

function chart(each, place, marks, width) {
  const points = each.points;
  if (points.length < 2) return h("p", {}, `${each.name}: no data yet`);
  const [first, last] = [points[0][0], points[points.length - 1][0]];
  const top = 1.15 * Math.max(...points.map((point) => point[1]), ...each.limits.map((limit) => limit.value), 0.1);
  const [left, right, base] = [32, width - 12, CHART_HEIGHT - 18];
  const x = scale(first, last, left, right);
  const y = scale(0, top, base, 8);
  const svg = s("svg", { viewBox: `0 0 ${width} ${CHART_HEIGHT}`, height: CHART_HEIGHT, role: "img", "aria-label": told(each) });
  svg.append(...axes(x, y, [first, last], { top, left, right, base }));
  svg.append(...each.limits.map((limit) => s("line", { x1: left, x2: right, y1: y(limit.value), y2: y(limit.value), class: `limit-${limit.kind}` })));
  svg.append(...marks.filter((mark) => mark.at >= first).map((mark) => vertical(mark, x(mark.at), base)));
  svg.append(s("path", { d: path(points, x, y), class: `line line-${place}` }));
  svg.append(...each.limits.map((limit) => limitLabel(limit, points, y, { left, right })));
  const caption = h("span", { class: "label" }, each.what);
  follow(svg, caption, each, { x, y, base });
  return h("figure", {}, h("figcaption", {}, h("strong", {}, each.name), ` ${figure(points[points.length - 1][1], each.digits)} ${each.unit} `, caption), svg);
}

// Writes a limit's name at the end, and on the side of its line, that the measured line leaves free.
function limitLabel(limit, points, y, { left, right }) {
  const place = [0, points.length].map((end) => {
    const heights = points.slice(end ? -Math.ceil(points.length / 2.5) : 0, end || Math.ceil(points.length / 2.5)).map((point) => y(point[1]));
    return [-9, 8].map((shift) => [Math.min(...heights.map((height) => Math.abs(height - y(limit.value) - shift))), end, shift]);
  }).flat().reduce((a, b) => (b[0] > a[0] ? b : a));
  const [x, anchor] = place[1] ? [right, "end"] : [left + 4, "start"];
  return s("text", { x, y: y(limit.value) + place[2] + 4, "text-anchor": anchor, class: `halo text-${limit.kind}` }, limit.label);
}

function told(each) {
  const values = each.points.map((point) => point[1]);
  const limits = each.limits.map((limit) => limit.label).join(", ");
  return `${each.name} over virtual days: now ${figure(values[values.length - 1], 1)} ${each.unit}, `
    + `lowest ${figure(Math.min(...values), 1)}, highest ${figure(Math.max(...values), 1)}. ${limits}`;
}

function axes(x, y, [first, last], { top, left, right, base }) {
  const parts = [s("line", { x1: left, x2: right, y1: base, y2: base, class: "axis" })];
  const unit = top > 3 ? Math.ceil(top / 3 / 5) * 5 : 1;
  for (let value = 0; value < top; value += unit) {
    parts.push(s("text", { x: left - 6, y: y(value) + 4, "text-anchor": "end" }, String(value)));
  }
  const every = 86400 * Math.max(1, Math.ceil((last - first) / 86400 / ((right - left) / 70)));
  for (let at = Math.ceil(first / 86400) * 86400; at <= last; at += every) {
    const day = new Date(at * 1000).toLocaleDateString("en", { month: "short", day: "numeric", timeZone: "UTC" });
    parts.push(s("line", { x1: x(at), x2: x(at), y1: base, y2: base + 4, class: "axis" }));
    parts.push(s("text", { x: Math.min(x(at), right - 14), y: base + 15, "text-anchor": "middle" }, day));
  }
  return parts;
}

const SIGNS = { merge: "●", deploy: "▲", revert: "✖" };

function vertical(mark, x, base) {
  return s("g", {},
    s("title", {}, mark.label),
    s("line", { x1: x, x2: x, y1: 10, y2: base, class: `mark mark-${mark.kind}` }),
    s("text", { x, y: { merge: 8, deploy: 20, revert: 32 }[mark.kind], "text-anchor": "middle", class: `halo dot-${mark.kind}` }, SIGNS[mark.kind]));
}

function follow(svg, caption, each, { x, y, base }) {
  const cursor = s("line", { y1: 8, y2: base, class: "cursor", visibility: "hidden" });
  svg.append(cursor);
  svg.addEventListener("pointermove", (event) => {
    const here = event.clientX - svg.getBoundingClientRect().left;
    const nearest = each.points.reduce((a, b) => (Math.abs(x(b[0]) - here) < Math.abs(x(a[0]) - here) ? b : a));
    fill(cursor, { x1: x(nearest[0]), x2: x(nearest[0]), visibility: "visible" }, []);
    caption.textContent = `${shortTime(new Date(nearest[0] * 1000).toISOString().replace(".000", ""))}: ${figure(nearest[1], 2)} ${each.unit}`;
  });
  svg.addEventListener("pointerleave", () => {
    cursor.setAttribute("visibility", "hidden");
    caption.textContent = each.what;
  });
}

function dayChart(each) {
  const width = 520;
  const top = 1.15 * Math.max(0.1, ...each.lines.flat());
  const base = CHART_HEIGHT - 18;
  const x = scale(0, each.labels.length - 1, 32, width - 20);
  const y = scale(0, top, base, 8);
  const lines = each.lines.map((values, place) => s("path", { class: place ? "flat" : "line", d: path(values.map((value, at) => [at, value]), x, y) }));
  const step = Math.ceil(each.labels.length / 8);
  const days = each.labels.map((label, at) => (at % step ? null : s("text", { x: x(at), y: base + 15, "text-anchor": "middle" }, label)));
  const scaleText = s("text", { x: 26, y: y(top / 1.15) + 4, "text-anchor": "end" }, figure(top / 1.15, 0));
  const axis = s("line", { x1: 32, x2: width - 20, y1: base, y2: base, class: "axis" });
  return s("svg", { viewBox: `0 0 ${width} ${CHART_HEIGHT}`, role: "img", "aria-label": "the same figures as a line over days" }, axis, lines, days, scaleText);
}

// The parts of the page

function drawHead() {
  byId("now").textContent = state.now ? `${shortTime(state.now)} UTC` : "…";
  byId("steps").classList.toggle("running", Boolean(state.running));
  redraw("steps", [state.steps, state.lit], ([steps, lit]) => steps.map((name, place) =>
    h("li", { "aria-current": lit.includes(place + 1) ? "step" : null }, h("b", {}, place + 1), name)));
  const sentence = state.running ? `Running: ${state.running} …` : state.sentence;
  if (byId("sentence").textContent !== sentence) byId("sentence").textContent = sentence;
  if (state.problem !== undefined && state.problem !== problem) {
    problem = state.problem;
    notice(problem);
  }
}

function drawOffice() {
  const gauges = state.gauges;
  if (!gauges) return;
  const one = (name, value, unit) => h("div", {}, h("dt", {}, name), h("dd", {}, value, h("small", {}, ` ${unit}`)));
  redraw("gauges", gauges, () => [
    one("Mean wait", figure(gauges.wait_days, 1), "days"),
    one("Errors", figure(gauges.error_percent, 1), "%"),
    one("Complaints", String(gauges.complaints), "a day"),
    one("max_blur_px, live", String(gauges.blur_limit), "px"),
  ]);
  redraw("spans", state.spans, (list) => list.map((span) =>
    h("button", { type: "button", "aria-label": `Let ${span.label} pass`, click: () => act({ kind: "pass", hours: span.hours }) }, span.label)));
  const width = Math.max(280, byId("charts").clientWidth);
  redraw("charts", [state.charts, state.marks, width], ([charts, marks]) => charts.map((each, place) => chart(each, place, marks, width)));
  redraw("legend", state.marks.length > 0, (has) => (has ? h("span", {}, "● merge  ▲ deploy  ✖ revert begun") : null));
}

function drawPulls() {
  const pulls = state.pulls || [];
  const fresh = pulls.find((pull) => pull.state === "open" && !known.has(pull.number));
  if (fresh) chosen = fresh.number;
  known = new Set(pulls.map((pull) => pull.number));
  const pull = pulls.find((each) => each.number === chosen) || pulls[0] || null;
  redraw("tabs", [pulls.map((each) => [each.number, each.state]), pull && pull.number], ([list, current]) => list.map(([number, stands]) =>
    h("button", { type: "button", "aria-pressed": String(number === current), click: () => { chosen = number; draw(); } }, `#${number} ${stands}`)));
  redraw("pull", pull && { ...pull, body: null, comments: null, reviews: null }, (each) => (each ? pullHead(each) : h("p", {}, "No pull request yet.")));
  redraw("reasons", pull && [pull.check, pull.reviews], () => (pull ? reasons(pull) : null));
  redraw("details", pull && [pull.number, pull.body, pull.comments], () => (pull ? pullText(pull) : null));
  drawDecision(pull);
}

function pullHead(pull) {
  const desired = pull.files.filter((file) => file.is_desired);
  const others = pull.files.filter((file) => !file.is_desired);
  const asked = pull.asked.length ? ` · asked: ${pull.asked.join(", ")}` : "";
  return [
    h("h3", { class: "pull-title" }, pull.title),
    h("p", { class: "meta" }, h("span", { class: `badge ${pull.state}` }, pull.state), ` #${pull.number} by ${pull.author} · ${shortTime(pull.at)} · `,
      h("code", {}, pull.branch), " at ", h("code", {}, pull.head.slice(0, 12)), asked),
    desired.map(redline),
    others.map((file) => fold(`file ${pull.number} ${file.path}`, false, `${file.path} (${file.status})`, redline(file))),
    gate(pull.check),
  ];
}

function redline(file) {
  const more = file.left_out ? h("p", { class: "meta" }, `${file.left_out} more lines`) : null;
  return [h("p", { class: "path mono" }, file.path), diff(file.lines), more];
}

function gate(check) {
  if (!check) return h("p", { class: "gate" }, "The gate has not looked at it yet.");
  return h("p", { class: "gate" }, h("strong", {}, "Gate "), h("span", { class: `badge ${check.state}` }, check.state.replace("_", " ")), ` ${check.title}`);
}

function reasons(pull) {
  const given = (review) => h("p", { class: "meta" }, h("span", { class: "badge" }, review.state.toLowerCase().replace("_", " ")),
    ` by ${review.author} at `, h("code", {}, review.commit.slice(0, 12)), review.body ? `: ${review.body}` : "");
  const passed = pull.check && pull.check.passed.length
    ? fold("passed", false, "What the gate found in order", pull.check.passed.map(block)) : null;
  return [
    pull.reviews.length ? h("h3", {}, "Reviews") : null,
    pull.reviews.map(given),
    pull.check ? h("div", { class: "text" }, h("h3", {}, "Who must approve, and why"), pull.check.summary.map(block), passed) : null,
  ];
}

function pullText(pull) {
  const comment = (each) => h("div", { class: "gate text" }, h("p", { class: "meta" }, `${each.author}, ${shortTime(each.at)}`), each.body.map(block));
  return [
    pull.comments.length ? h("h3", {}, "Comments") : null,
    pull.comments.map(comment),
    h("h3", {}, `What ${pull.author} writes`),
    h("div", { class: "text quoted" }, pull.body.map(block)),
  ];
}

// Deciding

const person = () => state.people.find((each) => each.login === byId("person").value) || state.people[0];
const titleOf = (each) => (each.teams.length ? each.teams.map((team) => team.replace(/s$/, "")).join(", ") : each.role);
const canAct = () => !state.running && !isSent && !isLost;

function drawDecision(pull) {
  const isOpen = Boolean(pull) && pull.state === "open";
  byId("decision").hidden = !isOpen;
  redraw("person", state.people, (people) => people.map((each) =>
    h("option", { value: each.login, selected: each.teams.includes("supervisors") && people.find((p) => p.teams.includes("supervisors")) === each }, `${each.login} (${titleOf(each)})`)));
  byId("approve").textContent = `Approve as ${person().login} (${titleOf(person())})`;
  if (isOpen) drawValue(pull);
  for (const button of document.querySelectorAll("#decision button, #spans button")) button.setAttribute("aria-disabled", String(!canAct()));
}

function drawValue(pull) {
  const values = pull.editable;
  byId("edit-row").hidden = values.length === 0;
  redraw("key", values, () => values.map((each, place) => h("option", { value: place }, `${each.target} ${each.key}`)));
  byId("key").hidden = values.length < 2;
  const current = values[Number(byId("key").value) || 0];
  if (!current) return;
  byId("value-label").textContent = current.key;
  if (drawn.get("value") !== JSON.stringify([pull.number, current])) {
    drawn.set("value", JSON.stringify([pull.number, current]));
    byId("value").value = current.after;
  }
}

const shown = () => state.pulls.find((pull) => pull.number === chosen) || state.pulls[0];

function notice(text) {
  byId("notice").textContent = text;
  byId("notice").hidden = !text;
}

async function act(action) {
  if (!canAct()) return;
  isSent = true;
  notice("");
  draw();
  try {
    const answer = await fetch("/actions", {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Page-Token": TOKEN },
      body: JSON.stringify(action),
    });
    if (answer.ok) return;
    const refusal = await answer.json();
    notice(`${refusal.message}: ${refusal.hint}`);
  } catch {
    notice("The sandbox does not answer.");
  }
  isSent = false;
  draw();
}

function wire() {
  byId("decision").addEventListener("submit", (event) => {
    event.preventDefault();
    if (document.activeElement === byId("reason")) return; // Enter in the reason must not approve
    act({ kind: "approve", pull: shown().number, head: shown().head, login: person().login });
  });
  byId("edit").addEventListener("click", () => {
    const current = shown().editable[Number(byId("key").value) || 0];
    const value = byId("value").valueAsNumber;
    if (Number.isNaN(value)) { notice("Give a number."); byId("value").focus(); return; }
    const editor = person().login;
    act({ kind: "edit", pull: shown().number, login: editor, target: current.target, key: current.key, value });
    const other = state.people.find((each) => each.login !== editor && each.teams.includes("supervisors"));
    if (isSent && other) byId("person").value = other.login; // the editor's own approval will not do
  });
  byId("reject").addEventListener("click", () => {
    const reason = byId("reason").value.trim();
    if (!reason) { notice("Say in a few words why."); byId("reason").focus(); return; }
    act({ kind: "reject", pull: shown().number, login: person().login, reason });
  });
  byId("value").addEventListener("keydown", (event) => {
    if (event.key === "Enter") { event.preventDefault(); byId("edit").click(); }
  });
  byId("person").addEventListener("change", draw);
  byId("key").addEventListener("change", draw);
  window.addEventListener("resize", draw);
}

// Logs

const OUTPUT = { "✔": "out-good", "+": "out-good", "✘": "out-bad", "-": "out-bad", "!": "out-wait", "…": "out-wait", "·": "out-note", "@": "out-note" };

function output(text) {
  return h("pre", {}, text.split("\n").map((line) => [h("span", { class: OUTPUT[line.trim()[0]] || null }, line), "\n"]));
}

function entry(each) {
  const head = [h("span", { class: "when" }, shortTime(each.at)), h("span", { class: "who" }, each.who), h("span", { class: each.failed ? "is-failed" : null }, each.title)];
  return h("li", {}, each.output ? fold(`log ${each.number}`, true, head, output(each.output)) : h("div", { class: "entry" }, head));
}

function commit(each) {
  const head = [h("span", { class: "when" }, shortTime(each.at)), h("code", {}, each.sha.slice(0, 8)), ` ${each.subject} `, h("small", {}, each.author)];
  return h("li", {}, each.body ? fold(`commit ${each.sha}`, false, head, h("pre", {}, each.body)) : h("div", { class: "entry" }, head));
}

function record(each) {
  const head = [h("span", { class: "when" }, shortTime(each.at)), h("span", { class: "who" }, `${each.index} ${each.phase}`), h("code", {}, each.change), ` ${each.sentence}`];
  return h("li", {}, fold(`record ${each.digest}`, false, head, h("pre", {}, `${each.digest}\n${JSON.stringify(each.facts, null, 2)}`)));
}

// The loop

function draw() {
  if (!state) return;
  drawHead();
  drawOffice();
  if (state.people) drawPulls();
  redraw("activity", state.activity || [], (list) => list.map(entry));
  redraw("history", state.history || [], (list) => list.map(commit));
  redraw("ledger", state.ledger || [], (list) => (list.length ? list.map(record) : h("li", {}, "No record yet.")));
}

async function poll() {
  try {
    const answer = await fetch(`/state?after=${version}`, { cache: "no-store" });
    if (isLost) { location.reload(); return; } // another start of the sandbox has another token
    if (answer.status === 200) {
      ({ version, state } = await answer.json());
      isSent = false;
      draw();
    }
  } catch {
    isLost = true;
    byId("sentence").textContent = "The sandbox is closed. Start it again with: make demo ARGS=--serve";
  }
  setTimeout(poll, 700);
}

wire();
poll();
