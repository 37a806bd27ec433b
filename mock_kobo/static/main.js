// The page: one view from the server, asked for anew whenever the event stream says that something changed.
import { showCalls } from "./calls.js";
import { showControl, startControl } from "./control.js";
import { at } from "./dom.js";
import { startKeys } from "./keys.js";
import { showPhones } from "./phones.js";
import { showBalance } from "./plot.js";
import { showThread } from "./thread.js";

const STEP = 50, MOST = 1000, PAUSE_MS = 120;
const WIDE = matchMedia("(min-width: 941px)");
const state = { q: "", phone: decodeURIComponent(location.hash.slice(1)), phones: STEP, thread: STEP, calls: STEP };
let found = 0;
let asking = false, again = false;

// One question at a time, however fast changes come.
async function refresh() {
  again = true;
  if (asking) return;
  asking = true;
  while (again) {
    again = false;
    await ask().catch(() => live("off", "not reachable"));
    await new Promise((done) => setTimeout(done, PAUSE_MS));
  }
  asking = false;
}

async function ask() {
  const asked = new URLSearchParams(state);
  const response = await fetch(`/_mock/view?${asked}`);
  if (!response.ok) throw new Error(response.statusText);
  const view = await response.json();
  if (String(asked) !== String(new URLSearchParams(state))) return void (again = true);
  if (!state.phone && WIDE.matches && view.phones.length) return void open(view.phones[0].to, false);
  showPhones(view, state, open);
  showThread(view, state);
  showFound(view);
  showCalls(view, state);
  showControl(view);
  showBalance(view);
}

// An old SMS that a search found may lie beyond the first texts of its phone.
function showFound(view) {
  if (!found) return;
  const sms = at("thread").querySelector(`[data-key="${found}"]`);
  if (!sms && view.thread.messages.length === state.thread && state.thread < MOST) {
    state.thread = MOST;
    again = true;
    return;
  }
  sms?.scrollIntoView({ block: "center" });
  sms?.classList.add("found");
  found = 0;
}

function open(phone, reading = true, hit = 0) {
  state.phone = phone;
  found = hit;
  state.thread = STEP;
  document.body.classList.toggle("reading", reading && phone !== "");
  history.replaceState(null, "", phone ? `#${phone}` : location.pathname);
  refresh();
}

function pane(name) {
  document.body.dataset.pane = name;
  for (const tab of document.querySelectorAll(".tabs button")) {
    if (tab.dataset.pane === name) tab.setAttribute("aria-current", "page");
    else tab.removeAttribute("aria-current");
  }
  if (name !== "inbox") side(name);
}

function side(name) {
  at("calls-pane").hidden = name !== "calls";
  at("control-pane").hidden = name !== "control";
  for (const button of document.querySelectorAll("[data-side]")) {
    button.setAttribute("aria-pressed", String(button.dataset.side === name));
  }
}

function live(tone, text) {
  at("live").className = tone;
  at("live").lastElementChild.textContent = text;
}

function listen() {
  const events = new EventSource("/_mock/events");
  events.onopen = () => live("on", "live");
  events.onmessage = refresh;
  events.onerror = () => live("off", "not reachable");
}

function startPage() {
  at("search").addEventListener("input", () => {
    state.q = at("search").value.trim();
    refresh();
  });
  at("back").addEventListener("click", () => document.body.classList.remove("reading"));
  for (const tab of document.querySelectorAll(".tabs button")) tab.addEventListener("click", () => pane(tab.dataset.pane));
  for (const button of document.querySelectorAll("[data-side]")) button.addEventListener("click", () => side(button.dataset.side));
  for (const name of ["phones", "thread", "calls"]) {
    at(`more-${name}`).addEventListener("click", () => {
      state[name] = Math.min(MOST, state[name] + STEP);
      refresh();
    });
  }
}

document.body.classList.toggle("reading", state.phone !== "");
startPage();
startControl();
startKeys({ back: () => document.body.classList.remove("reading"), refresh });
pane("inbox");
listen();
