// The keyboard: / searches, arrows or j and k walk the list, Enter opens, Escape goes back.
import { at } from "./dom.js";

const STEPS = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 };

export function startKeys({ back }) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const typing = event.target.matches("input, select, textarea");
    if (event.key === "Escape") leave(back);
    else if (event.key === "/" && !typing) stop(event, () => at("search").focus());
    else if (event.key in STEPS && (!typing || (event.target === at("search") && event.key === "ArrowDown"))) {
      walk(event, STEPS[event.key]);
    }
  });
}

function stop(event, act) {
  event.preventDefault();
  act();
}

function leave(back) {
  if (at("search").value) {
    at("search").value = "";
    at("search").dispatchEvent(new Event("input"));
  }
  back();
  at("list").querySelector("[aria-current=true]")?.focus();
}

// Arrows still scroll a thread or a form that has the focus.
function walk(event, step) {
  const items = [...at("list").querySelectorAll(".item")];
  const focused = items.indexOf(document.activeElement);
  const inList = focused >= 0 || document.activeElement === document.body || document.activeElement === at("search");
  if (!inList || items.length === 0) return;
  const current = focused >= 0 ? focused : items.findIndex((item) => item.matches("[aria-current=true]")) - (step > 0 ? 0 : 1);
  stop(event, () => items[Math.max(0, Math.min(items.length - 1, focused < 0 && document.activeElement === at("search") ? 0 : current + step))].focus());
}
