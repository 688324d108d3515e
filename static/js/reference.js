// The API reference's filter: only calls that bear every word stay, here and in the
// contents beside.

const filter = document.getElementById("filter");
const said = document.getElementById("found");
const operations = [...document.querySelectorAll("[data-operation]")];
const groups = [...document.querySelectorAll("[data-group]")];

// What a reader would look for: method, path, description and the names of fields.
const texts = new Map(operations.map((one) => [one, one.textContent.toLowerCase()]));

function hasCall(group) {
  return Boolean(group.querySelector("[data-operation]:not([hidden])"));
}

function narrow() {
  const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
  let left = 0;
  for (const operation of operations) {
    operation.hidden = !words.every((word) => texts.get(operation).includes(word));
    const name = operation.dataset.operation;
    document.querySelector(`[data-call="${name}"]`).hidden = operation.hidden;
    if (!operation.hidden) left += 1;
  }
  for (const group of groups) {
    group.hidden = !hasCall(group);
    const link = document.querySelector(`[data-group-link="${group.dataset.group}"]`);
    link.hidden = group.hidden;
  }
  said.textContent = words.length ? `${left} of ${operations.length} calls` : "";
}

document.querySelector(".reference-filter").hidden = false;
filter.addEventListener("input", narrow);
// Going back may bring the text back before the script ran.
narrow();
