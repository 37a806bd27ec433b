// Faults, account, clock and dialect, switched by hand.
import { at, make, show } from "./dom.js";
import { moment } from "./format.js";

const ANSWERS = /^(error_|sent$)/;

async function ask(method, path, fields) {
  const options = { method, headers: { "Content-Type": "application/json" }, body: fields && JSON.stringify(fields) };
  const response = await fetch(`/_mock/${path}`, options);
  const problem = response.ok ? null : await response.json();
  at("problem").hidden = response.ok;
  at("problem").textContent = problem ? `${problem.field}: ${problem.error}` : "";
}

function onSubmit(form, act) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    act(form.elements);
  });
}

export function startControl() {
  onSubmit(at("fault-form"), (given) => ask("POST", "faults", fault(given)));
  onSubmit(at("account-form"), (given) => {
    at("account-form").dataset.print = "";
    ask("PUT", "account", {
      balance: Number(given.balance.value), page_price: Number(given.page_price.value), suspended: given.suspended.checked,
    });
  });
  for (const button of document.querySelectorAll("[data-advance]")) {
    button.addEventListener("click", () => ask("POST", "clock", { advance_seconds: Number(button.dataset.advance) }));
  }
  at("clear").addEventListener("click", () => ask("DELETE", "messages"));
  at("reset").addEventListener("click", () => ask("POST", "reset"));
}

function fault(given) {
  const [limit, amount] = given.often.value.split(":");
  const fields = { [ANSWERS.test(given.failure.value) ? "answer" : "kind"]: given.failure.value, when: given.when.value };
  if (limit) fields[limit] = Number(amount);
  if (given.endpoint.value) fields.endpoint = given.endpoint.value;
  if (given.to.value.trim()) fields.to = given.to.value.trim();
  return fields;
}

export function showControl(view) {
  showAccount(view.account);
  showDialect(view);
  at("clock-now").textContent = moment(view.clock.now);
  at("faults-count").hidden = view.faults.length === 0;
  at("faults-count").textContent = view.faults.length === 1 ? "1 fault" : `${view.faults.length} faults`;
  show(at("faults"), view.faults, (row) => row.id, faultRow);
}

function faultRow(row) {
  const often = row.times ? `, ${row.times} more` : "";
  const chance = row.probability === undefined ? "" : `, ${Math.round(row.probability * 100)} %`;
  const only = [row.to, row.from, row.msg].filter(Boolean).map((part) => `, ${part}`).join("");
  const remove = make("button", { type: "button", "aria-label": "Remove this fault" }, "Remove");
  remove.addEventListener("click", () => ask("DELETE", `faults/${row.id}`));
  return make("li", {}, make("span", {}, `${row.endpoint ?? "every call"}: ${row.label}${often}${chance}${only}`), remove);
}

// Fields are filled in when the account changed, not while somebody types.
function showAccount(account) {
  const form = at("account-form");
  at("account-user").textContent = account.user;
  const print = JSON.stringify(account);
  if (form.dataset.print === print || form.contains(document.activeElement)) return;
  form.dataset.print = print;
  form.elements.balance.value = account.balance;
  form.elements.page_price.value = account.page_price;
  form.elements.suspended.checked = account.suspended;
}

function showDialect({ dialect, dialect_choices: choices }) {
  const rows = Object.entries(dialect).filter(([name, value]) => choices[name] || typeof value === "boolean");
  show(at("dialect-form"), rows, ([name]) => name, ([name, value]) => dialectField(name, value, choices[name]));
}

function dialectField(name, value, choices) {
  const title = name.replaceAll("_", " ");
  if (!choices) {
    const box = make("input", { type: "checkbox", name });
    box.checked = value;
    box.addEventListener("change", () => ask("PUT", "dialect", { [name]: box.checked }));
    return make("label", { class: "check" }, box, title);
  }
  const select = make("select", { name }, ...choices.map((one) => make("option", { selected: one === value }, one)));
  select.addEventListener("change", () => ask("PUT", "dialect", { [name]: select.value }));
  return make("label", {}, title, select);
}
