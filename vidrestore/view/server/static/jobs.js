"use strict";
// The queue, and a result beside the original.
let results = [];

async function refresh() {
  let jobs;
  try { ({ jobs } = await ask("/api/jobs")); }
  catch { say(byId("h-jobs"), "Jobs: the server does not answer", true); return; }
  say(byId("h-jobs"), "Jobs");
  const shape = JSON.stringify(jobs);
  if (shape === refresh.last) return;
  if (results.length !== (results = jobs.filter(job => job.state === "done")).length) list(listed.folder);
  refresh.last = shape;
  const had = document.activeElement?.dataset?.act;
  byId("jobs").replaceChildren(...(jobs.length ? jobs.map(card) : [make("p", { className: "soft", text: "None yet." })]));
  if (had) [...byId("jobs").querySelectorAll("button")].find(button => button.dataset.act === had)?.focus();
}

function card(job) {
  const told = make("p", { className: job.error ? "bad" : "soft" }), at = job.progress;
  told.setAttribute("role", "status");
  const parts = [{ waiting: "waiting", running: "at work", paused: "paused", done: "done", failed: "failed", cancelled: "cancelled" }[job.state]];
  if (job.state === "running" && at)
    parts.push(`frame ${at.frame}${at.total ? ` of ${at.total}` : ""}`, at.fps && `${at.fps.toFixed(1)} fps`, at.eta !== null && `${clock(at.eta)} left`);
  if (job.state === "done" && job.report.frames_out)
    parts.push(`${job.report.frames_out} frames ${job.report.width}x${job.report.height}`, job.report.model, `${job.report.fps.toFixed(1)} fps`);
  told.textContent = [...parts, job.error].filter(Boolean).join(", ");
  const card = make("article", { className: "card job" }, make("strong", { text: job.target }), told);
  if (job.state === "running" || (job.state === "paused" && at)) {
    const bar = make("progress", { max: at?.total || 1 });
    if (at?.total) bar.value = at.frame;
    bar.setAttribute("aria-label", "progress");
    card.append(bar);
  }
  card.append(make("code", { text: job.command }));
  const acts = { waiting: ["pause", "cancel"], running: ["pause", "cancel"], paused: ["go-on", "cancel"], failed: ["go-on", "forget"],
    done: ["compare", "forget"], cancelled: ["forget"] }[job.state];
  const names = { pause: "Pause", "go-on": "Go on", cancel: "Cancel", forget: "Remove from the list", compare: "Compare" };
  card.append(make("div", { className: "controls" }, ...acts.map(act => {
    const button = make("button", { text: names[act], type: "button" });
    button.dataset.act = `${act} ${job.key}`;
    button.addEventListener("click", () => busy(button, async () => {
      if (act === "compare") return compare(job);
      await ask(`/api/jobs/${job.key}/${act}`, { data: {} });
      await refresh();
    }, told));
    return button;
  })));
  return card;
}

const player = { layers: [], job: null, videos: [] };
async function compare(job) {
  const figure = document.querySelector("#compare figure"), plane = figure.querySelector(".plane");
  byId("compare").hidden = false;
  byId("report").hidden = true;
  say(byId("measured"), "");
  Object.assign(player, { job, videos: [], layers: [] });
  const { report } = job, length = Math.max(0, report.duration_out - 0.02);
  Object.assign(byId("time"), { max: length || 1, value: length / 2 });
  const sides = [["original", job.source], ["result", job.target]];
  plane.replaceChildren();
  for (const side of ["left", "right"]) {
    const select = figure.querySelector(`select.${side}`);
    select.replaceChildren(...sides.map(([name]) => make("option", { value: name, text: name })));
    select.value = side === "left" ? "original" : "result";
  }
  for (const [name, path] of sides) {
    const image = make("img", { alt: name }), layer = make("div", { className: "layer" }, image);
    const video = make("video", { muted: true, preload: "auto", playsInline: true, hidden: true });
    layer.dataset.name = name;
    layer.append(video);
    plane.append(layer);
    player.layers.push({ path, image, video });
    if (name === "result") image.addEventListener("load", () => {
      plane.style.aspectRatio = `${image.naturalWidth} / ${image.naturalHeight}`;
      figure.querySelector("select.left").dispatchEvent(new Event("input"));
    }, { once: true });
    video.addEventListener("loadeddata", () => { player.videos.push(video); playable(); });
    video.src = address("/api/file", { path });
  }
  playable();
  showStills();
  if (!figure.dataset.ready) { wipe(figure); figure.dataset.ready = "yes"; }
  fillReferences();
  byId("compare").scrollIntoView({ behavior: "smooth" });
}

function playable() {
  const all = player.videos.length === 2;
  byId("play").disabled = !all;
  byId("plays").textContent = all ? "" : "Your browser does not play both files: single frames are shown.";
}

function showStills() {
  const at = +byId("time").value;
  byId("now").textContent = `${at.toFixed(2)} s`;
  pause();
  for (const { path, image, video } of player.layers) {
    image.hidden = false;
    video.hidden = true;
    image.src = address("/api/still", { path, at });
  }
}

function pause() {
  byId("play").textContent = "Play";
  player.videos.forEach(video => video.pause());
}

byId("play").addEventListener("click", () => {
  if (byId("play").textContent === "Pause") { byId("time").value = player.layers[1].video.currentTime; return showStills(); }
  byId("play").textContent = "Pause";
  for (const { image, video } of player.layers) {
    image.hidden = true;
    video.hidden = false;
    video.currentTime = +byId("time").value;
    video.play();
  }
  const [original, result] = player.layers.map(layer => layer.video);
  const follow = () => {
    if (result.paused) return result.ended ? pause() : undefined;
    if (Math.abs(original.currentTime - result.currentTime) > 0.1) original.currentTime = result.currentTime;
    byId("time").value = result.currentTime;
    byId("now").textContent = `${result.currentTime.toFixed(2)} s`;
    requestAnimationFrame(follow);
  };
  result.addEventListener("playing", follow, { once: true });
});
byId("time").addEventListener("change", showStills);
byId("time").addEventListener("input", () => { byId("now").textContent = `${(+byId("time").value).toFixed(2)} s`; });

function fillReferences() {
  const files = listed.entries.filter(entry => !entry.folder && entry.path !== player.job?.target);
  byId("reference").replaceChildren(...files.map(entry => make("option", { value: entry.path, text: entry.name })));
}
byId("measure").addEventListener("click", event => busy(event.target, async () => {
  say(byId("measured"), "Measuring ...");
  const found = await ask("/api/metrics", { data: { path: player.job.target, reference: byId("reference").value } });
  const scores = Object.entries(found.metrics).map(([name, score]) => `${name} ${typeof score.mean === "number" ? score.mean.toFixed(3) : score.mean}`);
  say(byId("measured"), `${found.frames} frames: ${scores.join(", ")}`);
  byId("report").src = address(`/api/page/${found.page}`, {});
  byId("report").hidden = false;
}, byId("measured")));

(async () => { for (;;) { if (!document.hidden) await refresh(); await new Promise(done => setTimeout(done, 700)); } })();
