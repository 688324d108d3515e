// An editable combobox with suggestions from the server, after the ARIA practices guide.
//
//   <input data-combobox data-src="/w/ACME/facts/suggest" ...>
//
// GET <data-src>?q=... answers
//   {"options": [{"value", "label", "detail", "note", "at", "group"}], "empty": "sentence"}
// `label` is what is read first, `detail` the muted second line, `note` stands at the
// right end, and under it how long ago `at` (an instant) was. Choosing writes `value` into
// the field and fires "change" on it. Without script the field takes the value as text.

import { setTime } from "bellwether/time.js";

const PATIENCE_MS = 120;
let count = 0;

class Combobox {
  #answers = new Map();
  #timer;
  #options = [];
  #active = -1;

  constructor(input) {
    this.input = input;
    count += 1;
    this.list = this.#drawList(`combobox-${count}`);
    // A list box without options is none, so what says so stands beside it.
    this.note = document.createElement("div");
    this.note.className = "combobox-note";
    this.note.hidden = true;
    this.note.setAttribute("aria-hidden", "true");
    this.said = document.createElement("span");
    this.said.className = "sr-only";
    this.said.setAttribute("role", "status");
    const frame = document.createElement("div");
    frame.className = "combobox";
    const hadFocus = document.activeElement === input;
    input.replaceWith(frame);
    frame.append(input, this.list, this.note, this.said);
    // Who is moved about in the document loses the focus.
    if (hadFocus) input.focus();
    for (const [name, value] of Object.entries({
      role: "combobox",
      autocomplete: "off",
      spellcheck: "false",
      "aria-autocomplete": "list",
      "aria-expanded": "false",
      "aria-controls": this.list.id,
    })) {
      input.setAttribute(name, value);
    }
    input.addEventListener("input", () => this.#ask());
    input.addEventListener("click", () => this.#ask(0));
    input.addEventListener("keydown", (event) => this.#key(event));
    input.addEventListener("blur", () => this.close());
    // The pointer must not take the focus out of the field.
    this.list.addEventListener("pointerdown", (event) => event.preventDefault());
    this.list.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]");
      if (option) this.#choose(this.#options[Number(option.dataset.index)]);
    });
  }

  get isOpen() {
    return !this.list.hidden || !this.note.hidden;
  }

  close() {
    clearTimeout(this.#timer);
    this.list.hidden = true;
    this.note.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
    this.#mark(-1);
  }

  #drawList(id) {
    const list = document.createElement("div");
    list.className = "combobox-list";
    list.id = id;
    list.hidden = true;
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", "Suggestions");
    return list;
  }

  #ask(patience = PATIENCE_MS) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#fetch(this.input.value.trim()), patience);
  }

  async #fetch(text) {
    if (!this.#answers.has(text)) {
      const url = new URL(this.input.dataset.src, location.href);
      url.searchParams.set("q", text);
      try {
        const answer = await fetch(url, { headers: { Accept: "application/json" } });
        if (!answer.ok) return;
        this.#answers.set(text, await answer.json());
      } catch {
        return; // the field still takes the value as typed
      }
    }
    // An older answer must not replace a newer one.
    const isCurrent = text === this.input.value.trim();
    if (isCurrent && document.activeElement === this.input) {
      this.#show(this.#answers.get(text));
    }
  }

  #show({ options, empty = "Nothing found." }) {
    this.#options = options;
    const parts = [];
    let group = "";
    options.forEach((option, index) => {
      if (option.group && option.group !== group) {
        group = option.group;
        parts.push(line("combobox-group", group, { role: "presentation" }));
      }
      parts.push(this.#drawOption(option, index));
    });
    const isEmpty = !options.length;
    this.list.replaceChildren(...parts);
    this.list.hidden = isEmpty;
    this.note.textContent = empty;
    this.note.hidden = !isEmpty;
    this.input.setAttribute("aria-expanded", String(!isEmpty));
    this.#mark(-1);
    this.said.textContent = isEmpty ? empty : `${options.length} suggestions`;
  }

  #drawOption(option, index) {
    const row = document.createElement("div");
    row.className = "combobox-option";
    row.id = `${this.list.id}-${index}`;
    row.dataset.index = index;
    row.setAttribute("role", "option");
    row.setAttribute("aria-selected", "false");
    row.append(line("", option.label), line("num", option.note ?? ""));
    row.append(line("combobox-detail", option.detail ?? ""));
    if (option.at) {
      const age = document.createElement("time");
      age.className = "combobox-detail";
      age.dataset.relative = "";
      setTime(age, option.at);
      row.append(age);
    }
    return row;
  }

  #mark(index) {
    this.#active = index;
    for (const row of this.list.querySelectorAll("[role=option]")) {
      const isActive = Number(row.dataset.index) === index;
      row.setAttribute("aria-selected", String(isActive));
      if (isActive) row.scrollIntoView({ block: "nearest" });
    }
    if (index < 0) this.input.removeAttribute("aria-activedescendant");
    else this.input.setAttribute("aria-activedescendant", `${this.list.id}-${index}`);
  }

  #choose(option) {
    this.input.value = option.value;
    this.close();
    this.input.dispatchEvent(new Event("change", { bubbles: true }));
  }

  #key(event) {
    const last = this.#options.length - 1;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      if (!this.isOpen) return this.#ask(0);
      const next = this.#active + step;
      return this.#mark(next > last ? 0 : next < 0 ? last : next);
    }
    if (!this.isOpen) return undefined;
    if (event.key === "Enter" && this.#active >= 0) {
      event.preventDefault();
      return this.#choose(this.#options[this.#active]);
    }
    if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      return this.close();
    }
    if (event.key === "Tab" && this.#active >= 0) {
      return this.#choose(this.#options[this.#active]);
    }
    return undefined;
  }
}

function line(className, text, attributes = {}) {
  const element = document.createElement("span");
  element.className = className;
  element.textContent = text;
  for (const [name, value] of Object.entries(attributes)) {
    element.setAttribute(name, value);
  }
  return element;
}

function upgrade() {
  for (const input of document.querySelectorAll("[data-combobox]:not([role])")) {
    new Combobox(input);
  }
}

upgrade();
document.addEventListener("htmx:after:swap", upgrade);
