"use strict";
// Questions to the server, and small helpers. All text goes through textContent: names of files are only text.
const token = new URLSearchParams(location.search).get("token") || "";
const byId = id => document.getElementById(id);

async function ask(path, { method = "GET", data, body, signal } = {}) {
  const answer = await fetch(path, {
    method: data ? "POST" : method, signal,
    headers: { "x-token": token }, body: data ? JSON.stringify(data) : body,
  });
  const found = await answer.json().catch(() => ({ error: `the server answered ${answer.status}` }));
  if (!answer.ok) throw new Error(found.error || `the server answered ${answer.status}`);
  return found;
}

function address(path, values) {
  return `${path}?${new URLSearchParams({ ...values, token })}`;
}

function make(tag, { text, ...properties } = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  if (text !== undefined) made.textContent = text;
  made.append(...children);
  return made;
}

function say(element, text, bad = false) {
  element.textContent = text;
  element.className = bad ? "bad" : "";
}

async function busy(button, work, told) {
  button.disabled = true;
  try { return await work(); }
  catch (error) { if (error.name !== "AbortError") say(told, error.message, true); }
  finally { button.disabled = false; }
}

function clock(seconds) {
  if (seconds === null || seconds === undefined) return "";
  const whole = Math.round(seconds), minutes = Math.floor(whole / 60);
  return minutes >= 60 ? `${Math.floor(minutes / 60)} h ${minutes % 60} min` : minutes ? `${minutes} min ${whole % 60} s` : `${whole} s`;
}

function megabytes(size) {
  return size >= 1e9 ? `${(size / 1e9).toFixed(1)} GB` : `${(size / 1e6).toFixed(size < 1e7 ? 1 : 0)} MB`;
}
