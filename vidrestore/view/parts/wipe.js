"use strict";
// A wipe of two pictures (or players) that lie on one another, with zoom. Markup: a .wipe that holds one .plane with
// .layer children (data-name), an .edge and two .tag; beside it controls: .left and .right selects, a range, .zoom buttons.
function wipe(figure) {
  const box = figure.querySelector(".wipe"), plane = box.querySelector(".plane"), edge = box.querySelector(".edge");
  const slider = figure.querySelector("input.cut") || figure.querySelector("input[type=range]");
  const left = figure.querySelector("select.left"), right = figure.querySelector("select.right");
  const view = { zoom: 1, x: 0, y: 0 };
  const show = () => {
    const width = box.clientWidth, cut = slider.value / 100 * width, on = (cut - view.x) / view.zoom / width * 100;
    for (const layer of box.querySelectorAll(".layer")) {
      const isLeft = layer.dataset.name === left.value, isRight = layer.dataset.name === right.value;
      layer.style.visibility = isLeft || isRight ? "visible" : "hidden";
      layer.style.clipPath = isLeft && isRight ? "none"
        : isLeft ? `inset(0 ${100 - on}% 0 0)` : `inset(0 0 0 ${on}%)`;
      layer.querySelectorAll("img").forEach(image => { image.style.imageRendering = view.zoom >= 4 ? "pixelated" : "auto"; });
    }
    edge.style.left = slider.value + "%";
    plane.style.transform = `translate(${view.x}px, ${view.y}px) scale(${view.zoom})`;
    box.querySelector(".tag.left").textContent = left.selectedOptions[0].textContent;
    box.querySelector(".tag.right").textContent = right.selectedOptions[0].textContent;
    const label = figure.querySelector(".zoomed");
    if (label) label.textContent = Math.round(view.zoom * 100) + " %";
  };
  const bound = () => {
    view.x = Math.min(0, Math.max(box.clientWidth * (1 - view.zoom), view.x));
    view.y = Math.min(0, Math.max(box.clientHeight * (1 - view.zoom), view.y));
  };
  const zoom = (factor, x = box.clientWidth / 2, y = box.clientHeight / 2) => {
    const next = Math.min(16, Math.max(1, view.zoom * factor)), by = next / view.zoom;
    view.x = x - (x - view.x) * by; view.y = y - (y - view.y) * by; view.zoom = next;
    bound(); show();
  };
  const drag = event => {
    if (!event.buttons) return;
    const rect = box.getBoundingClientRect();
    if (event.shiftKey || event.buttons === 2) { view.x += event.movementX; view.y += event.movementY; bound(); }
    else slider.value = (event.clientX - rect.left) / rect.width * 100;
    show();
  };
  box.addEventListener("pointermove", drag);
  box.addEventListener("pointerdown", drag);
  box.addEventListener("contextmenu", event => event.preventDefault());
  box.addEventListener("dragstart", event => event.preventDefault());
  box.addEventListener("wheel", event => {
    if (!event.ctrlKey && view.zoom === 1 && event.deltaY > 0) return;  // the page scrolls
    event.preventDefault();
    const rect = box.getBoundingClientRect();
    zoom(event.deltaY < 0 ? 1.25 : 0.8, event.clientX - rect.left, event.clientY - rect.top);
  }, { passive: false });
  figure.addEventListener("keydown", event => {
    if (event.target.matches("select, input")) return;
    const step = { ArrowLeft: -2, ArrowRight: 2 }[event.key];
    if (step) { slider.value = +slider.value + step; show(); event.preventDefault(); }
    else if (event.key === "+") zoom(1.5); else if (event.key === "-") zoom(1 / 1.5); else if (event.key === "0") zoom(0.01);
  });
  for (const control of [left, right, slider]) control.addEventListener("input", show);
  figure.querySelectorAll("button.zoom").forEach(button => button.addEventListener("click", () => zoom(+button.dataset.by)));
  addEventListener("resize", () => { bound(); show(); });
  show();
}
