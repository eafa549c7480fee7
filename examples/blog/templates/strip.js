"use strict";
// Says how the page around this frame was answered, and moves into it.
const timing = parent.performance.getEntriesByType("navigation")[0]?.serverTiming ?? [];
const told = (name) => timing.find((t) => t.name === name)?.description ?? "";
const status = told("store"); // Cache-Status: "uncache; hit; ttl=598"
const number = (name) => Number(status.match(new RegExp(`${name}=(-?\\d+)`))?.[1]);
const span = (s) => (s < 120 ? `${s} s` : `${Math.round(s / 60)} min`);
const answers = [
	[/; hit.*ttl=-/, "From the store", () => `though it expired ${span(-number("ttl"))} ago; a new one is on its way.`],
	[/; hit/, "From the store", () => `Rendered ${span(Number(told("age")))} ago; nothing on it was saved since. Good for ${span(number("ttl"))} more.`],
	[/collapsed/, "Rendered just now", () => "for another visitor who asked at the same time, and given to both."],
	[/stored; detail=purged/, "Rendered for you", () => "What was stored had been purged. Now this is stored: reload."],
	[/fwd=stale/, "Rendered for you", () => "What was stored had expired."],
	[/; stored/, "Rendered for you", () => "It was not in the store, and is now: reload."],
	[/fwd=/, "Rendered for you", () => `It is not stored${status.match(/detail=([\w-]+)/) ? ": " + RegExp.$1 : ""}.`],
];
const answer = answers.find(([form]) => form.test(status));
if (answer) {
	document.getElementById("from").textContent = answer[1] + ".";
	document.getElementById("why").textContent = answer[2]();
	document.getElementById("status").textContent = status;
}
frameElement.replaceWith(...document.body.children);
