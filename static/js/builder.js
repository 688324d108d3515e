// The rule form: what script adds to a page that works without it. Parts of the form are
// drawn again by the server (htmx); here nothing typed meanwhile is lost, and the focus
// goes on from a chosen fact to its comparison.

const form = document.getElementById("rule-form");
const PARTS = "#conditions, #included";
const CONTROLS = "input[id], select[id], textarea[id]";
const asked = new WeakMap();

const valuesOf = (part) =>
  new Map([...part.querySelectorAll(CONTROLS)].map((one) => [one.id, one.value]));

const isPart = (target) => target instanceof Element && target.matches(PARTS);

form.addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
  if (isPart(ctx.target)) asked.set(ctx, valuesOf(ctx.target));
});

// What was typed since the request was sent is newer than the answer.
form.addEventListener("htmx:before:swap", ({ detail: { ctx, tasks } }) => {
  const before = asked.get(ctx);
  // A button moves rows, and with them the ids.
  if (!before || ctx.sourceElement.matches("button")) return;
  const drawn = tasks[0]?.fragment;
  for (const [id, value] of valuesOf(ctx.target)) {
    if (before.get(id) === value) continue;
    const control = drawn?.querySelector(`#${CSS.escape(id)}`);
    if (control) control.value = value;
  }
});

// What asked is gone by now, so the document hears of it.
document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
  if (!asked.has(ctx)) return;
  const fact = document.activeElement;
  if (fact?.id === ctx.sourceElement.id && fact.id.endsWith("-fact") && fact.value) {
    document.getElementById(fact.id.replace(/fact$/, "op"))?.focus();
  }
  form.dispatchEvent(new Event("drawn"));
});

// A back-test that is stopped takes its button along; asking anew is what comes next.
document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
  if (ctx.sourceElement.id === "stop-looking") document.getElementById("look-back").focus();
});
