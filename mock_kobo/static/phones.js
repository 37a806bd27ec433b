// The list on the left: phones, or what a search found.
import { at, make, show } from "./dom.js";
import { count, hue, phoneNumber, stateClass, time } from "./format.js";

// A hit opens its phone at the SMS that was found.
export function showPhones(view, state, open) {
  const rows = view.hits ?? view.phones;
  const items = rows.map((row) => ({ ...row, picked: row.to === state.phone, q: state.q, now: view.clock.now.slice(0, 10), hit: view.hits ? row.id : 0 }));
  show(at("list"), items, (row) => (state.q ? `hit ${row.id}` : row.to), (row) => item(row, open));
  at("list-title").textContent = view.hits ? "Found" : "Phones";
  at("list-count").textContent = view.hits ? count(rows.length, "result") : "";
  at("more-phones").hidden = rows.length < state.phones;
}

function item(row, open) {
  const face = make("span", { class: "face", "aria-hidden": true }, row.to.slice(-2));
  face.style.setProperty("--hue", hue(row.to));
  const snippet = make("span", { class: "snippet", dir: "auto" }, make("b", {}, row.from), " ", ...marked(row.msg, row.q));
  const state = make("span", { class: "state" }, row.count > 1 ? String(row.count) : null,
    make("i", { class: stateClass(row.status), role: "img", "aria-label": row.status, title: row.status }));
  const button = make("button", { class: "item", "aria-current": row.picked ? "true" : "false" },
    face, make("strong", {}, phoneNumber(row.to)), make("time", { datetime: row.at }, time(row.at, row.now)), snippet, state);
  button.addEventListener("click", () => open(row.to, true, row.hit));
  return make("li", {}, button);
}

// The text from a little before what was searched for, that marked.
function marked(text, q) {
  const found = q ? text.toLowerCase().indexOf(q.toLowerCase()) : -1;
  if (found < 0) return [text.slice(0, 120)];
  const start = found > 10 ? found - 8 : 0;
  return [(start ? "…" : "") + text.slice(start, found), make("mark", {}, text.slice(found, found + q.length)),
    text.slice(found + q.length, found + q.length + 100)];
}
