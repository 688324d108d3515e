// Files by drop and with progress. The form works without script as any file form does;
// with it, a file may be dropped on the area and the bytes sent are counted.
//
//   <form data-upload enctype="multipart/form-data" method="post" id="import">
//     <div class="drop-area" data-drop> <input type="file"> </div>
//     <progress data-progress hidden></progress> <p data-sent role="status"></p>
//   </form>
//
// The answer is what the plain form would get: a redirect is followed, and a page with the
// same form (a mistake in it) takes the form's place.

import { announce } from "bellwether/toast.js";

// Not `form.action`: a button called "action" would stand in its place.
const addressOf = (form) => new URL(form.getAttribute("action") ?? "", location.href);
const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;

function watchDrops(form) {
  const area = form.querySelector("[data-drop]");
  const input = form.querySelector("input[type=file]");
  const over = (isOver) => area.toggleAttribute("data-over", isOver);
  area.addEventListener("dragover", (event) => {
    event.preventDefault();
    over(true);
  });
  area.addEventListener("dragleave", (event) => {
    if (!area.contains(event.relatedTarget)) over(false);
  });
  area.addEventListener("drop", (event) => {
    event.preventDefault();
    over(false);
    if (!event.dataTransfer.files.length) return;
    input.files = event.dataTransfer.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  });
}

function finish(form, request) {
  const page = new DOMParser().parseFromString(request.responseText, "text/html");
  const again = form.id && page.getElementById(form.id);
  const isSameAddress = request.responseURL === addressOf(form).href;
  if (request.status < 400 && !(again && isSameAddress)) {
    location.assign(request.responseURL);
  } else if (again) {
    form.replaceWith(document.importNode(again, true));
    upgrade();
    document.querySelector(".error-summary")?.focus();
  } else {
    announce(
      request.status === 413
        ? "The file is larger than this installation takes."
        : `The file was not taken (error ${request.status}).`,
      { level: "error" },
    );
  }
}

function send(form, submitter) {
  const bar = form.querySelector("[data-progress]");
  const sent = form.querySelector("[data-sent]");
  const request = new XMLHttpRequest();
  const reset = () => {
    bar.hidden = true;
    sent.textContent = "";
    submitter.disabled = false;
  };
  request.upload.addEventListener("progress", (event) => {
    bar.max = event.total;
    bar.value = event.loaded;
    // The bytes are there; what remains is the server's reading.
    const isThere = event.loaded === event.total;
    sent.textContent = isThere
      ? "Received. Reading the file…"
      : `${megabytes(event.loaded)} of ${megabytes(event.total)}`;
  });
  request.addEventListener("load", () => {
    reset();
    finish(form, request);
  });
  request.addEventListener("error", () => {
    reset();
    announce("The connection broke while sending. Nothing was imported; try again.", {
      level: "error",
    });
  });
  const body = new FormData(form, submitter);
  request.open("POST", addressOf(form));
  request.setRequestHeader("Accept", "text/html");
  bar.hidden = false;
  submitter.disabled = true;
  request.send(body);
}

function upgrade() {
  for (const form of document.querySelectorAll("form[data-upload]:not([data-ready])")) {
    form.dataset.ready = "";
    watchDrops(form);
    form.addEventListener("submit", (event) => {
      const [file] = form.querySelector("input[type=file]").files;
      if (!file) return;
      event.preventDefault();
      send(form, event.submitter);
    });
  }
}

upgrade();
document.addEventListener("htmx:after:swap", upgrade);
