// The balance as a small line over time.
import { at } from "./dom.js";
import { count, money } from "./format.js";

const WIDTH = 120, HEIGHT = 32;
const SVG = "http://www.w3.org/2000/svg";

export function showBalance(view) {
  at("balance").textContent = money(view.account.balance);
  at("balance").className = view.account.balance === 0 || view.account.suspended ? "bad" : "";
  at("sent").textContent = view.account.suspended ? "suspended" : `${count(view.sent, "SMS").replace("SMSs", "SMS")} sent`;
  const points = view.balance.map(([moment, amount]) => [Date.parse(moment), amount]);
  points.push([Date.parse(view.clock.now), view.account.balance]);
  const line = path(points);
  at("plot").replaceChildren(draw("area", `${line} V${HEIGHT} H0 Z`), draw("line", line));
}

function path(points) {
  const [first, last] = [points[0][0], points.at(-1)[0]];
  const amounts = points.map(([, amount]) => amount);
  const [low, high] = [Math.min(...amounts), Math.max(...amounts)];
  const x = (moment) => ((moment - first) / (last - first || 1)) * WIDTH;
  const y = (amount) => (high === low ? HEIGHT / 2 : 2 + (1 - (amount - low) / (high - low)) * (HEIGHT - 4));
  // A balance stays until the next charge: steps, no slopes.
  const steps = points.slice(1).map(([moment, amount]) => `H${x(moment).toFixed(1)} V${y(amount).toFixed(1)}`);
  return `M0 ${y(points[0][1]).toFixed(1)} ${steps.join(" ")}`;
}

function draw(name, d) {
  const node = document.createElementNS(SVG, "path");
  node.setAttribute("class", name);
  node.setAttribute("d", d);
  return node;
}
