// Building nodes. Texts only ever become text nodes, so whatever an SMS holds is shown, never run.

export const at = (id) => document.getElementById(id);

export function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "class") node.className = value;
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== undefined && value !== null) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

// Replaces the children of `parent` where they changed: what stays keeps its focus, its scroll and its open details.
export function show(parent, rows, keyOf, build) {
  const old = new Map([...parent.children].map((node) => [node.dataset.key, node]));
  const first = parent.dataset.shown === undefined;
  parent.dataset.shown = "yes";
  const wanted = rows.map((row) => {
    const key = String(keyOf(row));
    const print = JSON.stringify(row);
    const known = old.get(key);
    if (known && known.dataset.print === print) return known;
    const node = build(row);
    node.dataset.key = key;
    node.dataset.print = print;
    if (known) keepState(known, node);
    else if (!first) node.classList.add("new");
    return node;
  });
  wanted.forEach((node, index) => {
    if (parent.children[index] !== node) parent.insertBefore(node, parent.children[index] ?? null);
  });
  while (parent.children.length > wanted.length) parent.lastChild.remove();
}

function keepState(known, node) {
  const focused = known.contains(document.activeElement);
  known.replaceWith(node);
  if (focused) (node.querySelector("button, summary") ?? node).focus({ preventScroll: true });
  if (known.classList.contains("found")) node.classList.add("found");
  const open = known.querySelector("details[open]");
  if (open) node.querySelector("details")?.setAttribute("open", "");
}
