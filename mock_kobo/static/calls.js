// The HTTP calls with their answers, newest first.
import { at, make, show } from "./dom.js";
import { moment, time } from "./format.js";

const TONES = { executed: "good", repeated: "warn", refused: "bad", answered: "", fault: "bad" };

export function showCalls(view, state) {
  const today = view.clock.now.slice(0, 10);
  show(at("calls"), view.calls.map((row) => ({ ...row, today })), (row) => row.id, call);
  at("no-calls").hidden = view.calls.length > 0;
  at("more-calls").hidden = view.calls.length < state.calls;
}

function call(row) {
  const { parameters } = row;
  const about = parameters.to ?? parameters.msgid ?? "";
  const refused = row.answer === null || /error_|HTML page/.test(row.answer);
  const answer = row.answer === "" ? "(empty)" : (row.answer ?? (row.http_status === null ? "(no answer)" : "(unreadable)"));
  return make("li", {}, make("details", { class: "call" },
    make("summary", {},
      make("span", { class: `chip ${TONES[row.outcome] ?? ""}` }, row.outcome),
      make("span", { class: "to" }, make("b", {}, `${row.endpoint}/`), row.fault ? `[${row.fault}] ` : null, about),
      make("time", { datetime: row.at, title: moment(row.at) }, time(row.at, row.today, true)),
      make("code", { class: refused ? "answer bad" : "answer" }, answer)),
    make("dl", {}, ...details(row, answer))));
}

function details(row, answer) {
  const rows = Object.entries({ ...row.parameters, fault: row.fault, why: row.reason, status: row.http_status, answer });
  return rows.filter(([, value]) => value !== null && value !== "")
    .flatMap(([name, value]) => [make("dt", {}, name), make("dd", { dir: "auto" }, String(value))]);
}
