"use strict";
// Choosing a file, what it is, what to do, and the preview.
const LONG = 1200;  // seconds of a video whose cuts are looked for: all of it is decoded
const chosen = { path: "", looking: null };

async function list(folder = "") {
  const found = await ask(`/api/files?${new URLSearchParams({ folder })}`);
  const parts = folder ? folder.split("/") : [];
  byId("crumbs").replaceChildren(...["", ...parts].map((part, depth) => {
    const button = make("button", { text: depth ? part : "all", type: "button" });
    button.addEventListener("click", () => list(parts.slice(0, depth).join("/")));
    return button;
  }));
  byId("files").replaceChildren(...found.entries.map(entry => {
    const button = make("button", { text: entry.folder ? `${entry.name}/` : `${entry.name}  ${megabytes(entry.size)}`, type: "button" });
    button.setAttribute("aria-current", String(entry.path === chosen.path));
    button.addEventListener("click", () => entry.folder ? list(entry.path) : open(entry.path, entry.name));
    return make("li", {}, button);
  }));
  if (!found.entries.length) byId("files").append(make("li", { text: "No videos or pictures here.", className: "soft" }));
  listed = found;
  fillReferences();
}
let listed = { entries: [] };

async function open(path, name) {
  chosen.looking?.abort();
  chosen.looking = new AbortController();
  const { signal } = chosen.looking;
  chosen.path = path;
  byId("work").hidden = false;
  byId("shown").hidden = true;
  byId("name").textContent = name;
  for (const id of ["facts", "said", "command"]) say(byId(id), "");
  byId("facts").textContent = "Looking at it ...";
  byId("advice").replaceChildren();
  byId("timeline").replaceChildren();
  byId("at").value = 0;
  list(path.split("/").slice(0, -1).join("/"));
  byId("name").scrollIntoView({ behavior: "smooth", block: "start" });
  try {
    const info = await ask("/api/info", { data: { path }, signal });
    facts(info);
    advise(info.advice);
    const line = await ask("/api/timeline", { data: { path }, signal });
    timeline(line);
    if (line.thumbs.length > 1 && line.duration <= LONG) cuts((await ask("/api/cuts", { data: { path }, signal })).cuts);
  } catch (error) {
    if (error.name !== "AbortError") say(byId("facts"), error.message, true);
  }
}

function facts(info) {
  const [over, under] = String(info.rate).split("/").map(Number), rate = over / (under || 1);
  const quality = info.source_quality;
  byId("facts").className = "soft";
  byId("facts").textContent = [
    `${info.width}x${info.height}`, info.kind === "video" ? `${+rate.toFixed(3)} frames a second` : "", info.codec,
    info.sample_aspect_ratio && info.sample_aspect_ratio !== "1" ? `anamorphic, pixels ${info.sample_aspect_ratio}` : "",
    info.rotation ? `turned by ${info.rotation} degrees` : "", quality ? quality.kind : "", ...info.warnings,
  ].filter(Boolean).join(" · ");
}

function advise(advice) {
  const form = byId("steps");
  form.reset();
  byId("advice").replaceChildren(...advice.map(each => {
    const button = make("button", { text: "Take this", type: "button" });
    button.addEventListener("click", () => { take([each]); });
    return make("li", {}, make("span", { text: each.reason }), button);
  }));
  if (!advice.length) byId("advice").append(make("li", { text: "Nothing stands out that needs restoring.", className: "soft" }));
  take(advice.length > 1 ? advice.slice(-1) : advice);
}

function take(advice) {
  const form = byId("steps"), words = advice.flatMap(each => each.command.split(" "));
  form.reset();
  const has = word => words.includes(word), after = word => words[words.indexOf(word) + 1];
  form.clean.checked = has("--clean") || (has("clean") && !has("--strength"));
  if (has("-s")) form.larger.value = after("-s");
  if (has("-x")) form.smoother.value = "x2";
  if (has("--fps")) form.smoother.value = +after("--fps") > 50 ? "60" : "50";
  if (has("--deinterlace")) form.deinterlace.value = "auto";
  showCommand();
}

function wanted() {
  const form = byId("steps");
  return {
    clean: form.clean.checked, deblur: form.deblur.checked, smoother: form.smoother.value,
    larger: +form.larger.value, deinterlace: form.deinterlace.value, quality: form.quality.value,
  };
}

async function showCommand() {
  try { say(byId("command"), (await ask("/api/command", { data: { path: chosen.path, wanted: wanted() } })).command); }
  catch (error) { say(byId("command"), error.message); }
}

function timeline({ duration, thumbs }) {
  byId("at").max = duration ?? "";
  byId("timeline").replaceChildren(...thumbs.map(each => {
    const button = make("button", { type: "button" }, make("img", { src: each.picture, alt: `${each.time.toFixed(1)} s` }));
    button.dataset.time = each.time;
    button.setAttribute("aria-pressed", "false");
    button.addEventListener("click", () => { byId("at").value = each.time.toFixed(2); press(); });
    return button;
  }));
  if (duration) byId("at").value = (duration / 2).toFixed(2);
  press();
}

function press() {
  const buttons = [...byId("timeline").children], at = +byId("at").value;
  const last = buttons.filter(button => +button.dataset.time <= at + 0.01).at(-1);
  for (const button of buttons) button.setAttribute("aria-pressed", String(button === last));
}

function cuts(times) {
  const buttons = [...byId("timeline").children];
  buttons.forEach((button, number) => {
    const from = +button.dataset.time, to = number + 1 < buttons.length ? +buttons[number + 1].dataset.time : Infinity;
    const here = times.filter(time => time >= from && time < to);
    if (!here.length) return;
    button.classList.add("cut");
    const text = here.length > 2 ? `${here.length} cuts` : `cut ${here.map(time => time.toFixed(1)).join(", ")}`;
    button.append(make("span", { className: "cuts", text }));
  });
}

byId("steps").addEventListener("input", showCommand);
byId("steps").addEventListener("submit", event => event.preventDefault());
byId("at").addEventListener("input", press);
byId("preview").addEventListener("click", event => busy(event.target, async () => {
  say(byId("said"), "Trying it on some frames ...");
  const found = await ask("/api/preview", { data: { path: chosen.path, wanted: wanted(), at: +byId("at").value } });
  byId("shown").src = address(`/api/page/${found.page}`, {});
  byId("shown").hidden = false;
  const parts = [found.model, found.time && `about ${found.time} for the whole`, found.size && `about ${megabytes(found.size)}`];
  say(byId("said"), parts.filter(Boolean).join(", "));
}, byId("said")));
byId("start").addEventListener("click", event => busy(event.target, async () => {
  await ask("/api/jobs", { data: { path: chosen.path, wanted: wanted() } });
  say(byId("said"), "In the queue.");
  await refresh();
}, byId("said")));

async function drop(file) {
  const bar = byId("dropping");
  bar.hidden = false;
  bar.removeAttribute("value");
  try {
    const { path } = await ask(`/api/drop?${new URLSearchParams({ name: file.name })}`, { method: "PUT", body: file });
    await open(path, path);
  } catch (error) {
    byId("work").hidden = false;
    byId("name").textContent = file.name;
    say(byId("facts"), error.message, true);
  } finally { bar.hidden = true; }
}
byId("pick").addEventListener("change", event => { if (event.target.files[0]) drop(event.target.files[0]); });
for (const kind of ["dragenter", "dragover", "dragleave", "drop"])
  byId("drop").addEventListener(kind, event => {
    event.preventDefault();
    byId("drop").classList.toggle("over", kind === "dragenter" || kind === "dragover");
    if (kind === "drop" && event.dataTransfer.files[0]) drop(event.dataTransfer.files[0]);
  });
list();
