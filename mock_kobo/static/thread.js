// The texts of one phone, newest first.
import { at, make, show } from "./dom.js";
import { count, moment, phoneNumber, stateClass, time } from "./format.js";

export function showThread(view, state) {
  const thread = view.thread;
  const messages = thread?.messages ?? [];
  if (at("thread").dataset.phone !== state.phone) {
    at("thread").replaceChildren();
    delete at("thread").dataset.shown;
    at("thread").dataset.phone = state.phone;
  }
  const today = view.clock.now.slice(0, 10);
  show(at("thread"), messages.map((row) => ({ ...row, today })), (row) => row.id, sms);
  at("thread-bar").hidden = !thread;
  at("thread-title").textContent = thread ? phoneNumber(thread.to) : "";
  at("thread-count").textContent = thread ? count(thread.count, "message") : "";
  at("more-thread").hidden = messages.length < state.thread;
  showNothing(view, messages.length === 0);
}

function sms(row) {
  const flash = row.type === 1;
  const copy = make("button", { title: "Copy the message id" }, row.msgid);
  copy.addEventListener("click", () => navigator.clipboard?.writeText(row.msgid));
  return make("li", { class: flash ? "sms flash" : "sms" },
    make("header", {}, make("strong", {}, row.from),
      make("time", { datetime: row.at, title: moment(row.at) }, time(row.at, row.today, true)),
      flash ? make("span", { class: "chip flash" }, "Flash") : null,
      row.type === 2 ? make("span", { class: "chip" }, "Unicode") : null),
    make("div", { class: "bubble", dir: "auto" }, row.msg),
    make("footer", {}, make("span", { class: `chip ${stateClass(row.status)}` }, row.status),
      make("span", {}, `${count(row.pages, "page")} · ${count(row.characters, "character")}`), copy));
}

function showNothing(view, nothing) {
  at("nothing").hidden = !nothing;
  const empty = view.sent === 0;
  at("nothing").querySelector("p").textContent = empty ? "No SMS yet. Send the first one:" : "Choose a phone to read its texts.";
  const code = at("nothing").querySelector("code");
  code.hidden = !empty;
  code.textContent = [`curl ${location.origin}/api/send/`, `-d user=${view.account.user} -d pass=…`, "-d from=KOBO",
    "-d to=2348030100001", "-d msg=Hello"].join(" \\\n  ");
}
