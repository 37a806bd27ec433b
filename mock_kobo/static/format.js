// Numbers, times and states as people read them.

export function phoneNumber(digits) {
  const nigerian = /^234(\d{3})(\d{3})(\d{4})$/.exec(digits);
  return nigerian ? `+234 ${nigerian[1]} ${nigerian[2]} ${nigerian[3]}` : `+${digits}`;
}

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const short = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const day = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

const sameDay = (one, other) => one.toDateString() === other.toDateString();

export function time(iso, now, seconds = false) {
  const then = new Date(iso);
  if (sameDay(then, new Date(now))) return (seconds ? clock : short).format(then);
  return seconds ? `${day.format(then)}, ${clock.format(then)}` : day.format(then);
}

export const moment = (iso) => full.format(new Date(iso));

export const count = (number, word) => `${number.toLocaleString()} ${word}${number === 1 ? "" : "s"}`;

export const money = (amount) => amount.toLocaleString(undefined, { minimumFractionDigits: 2 });

export function stateClass(status) {
  if (status === "DELIVRD") return "good";
  if (status === "PROCESSED") return "";
  return status.startsWith("EXPIRED") || status.startsWith("DELETED") ? "warn" : "bad";
}

export const hue = (digits) => [...digits].reduce((sum, digit) => (sum * 31 + digit.charCodeAt(0)) % 9973, 7) * 137 % 360;
