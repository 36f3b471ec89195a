// Puts an interactive chart in the place of the picture: scale, zoom, events that open their pages,
// by mouse, or by keyboard: Tab comes to the events, arrows go from one to the next, Enter opens.
// Whatever fails, the picture and the table below it stay.
"use strict";
(() => {
  const figure = document.getElementById("chart");
  if (!figure || !window.vegaEmbed) return;
  const DAY = 86400000;
  const PALETTE = ["#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#4D4D4D"];
  const LEAST = 280;
  const DAYS_NAMED = 200;
  const picture = figure.querySelector("svg.picture");
  const scales = document.getElementById("scale");
  const zoom = document.getElementById("zoom");
  const canvas = document.createElement("div");
  canvas.className = "drawn";
  const image = document.createElement("div");
  image.setAttribute("role", "img");
  image.setAttribute("aria-label", figure.dataset.description);
  const state = { scale: "linear", domain: null, view: null, spec: null, key: "", drawing: 0 };

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const darker = (shade) =>
    "#" + [1, 3, 5].map((at) => Math.round(0.62 * parseInt(shade.slice(at, at + 2), 16)).toString(16).padStart(2, "0")).join("").toUpperCase();

  // The definition carries the colours of a white page; the reader's own scheme may be another.
  function dressed(spec) {
    let text = JSON.stringify(spec);
    PALETTE.forEach((shade, place) => {
      text = text.replaceAll(darker(shade), colour(`--t${place}`)).replaceAll(shade, colour(`--s${place}`));
    });
    text = text.replaceAll("#24292f", colour("--ink")).replaceAll("#d8dde3", colour("--line"));
    text = text.replaceAll('"fill":"white"', `"fill":"${colour("--card")}"`);
    const made = JSON.parse(text);
    made.config.background = "transparent";
    made.config.legend = { disable: true };
    for (const layer of made.layer) {
      for (const channel of ["color", "strokeDash"]) if (layer.encoding[channel]?.scale) layer.encoding[channel].legend = null;
    }
    return made;
  }

  // The address of the definition for this scale and width; widths in steps, so that resizing asks seldom.
  function address(width) {
    const url = new URL(figure.dataset.spec, location.href);
    url.searchParams.set("scale", state.scale);
    url.searchParams.set("width", String(width));
    return url.href;
  }

  async function definition() {
    const width = Math.max(LEAST, Math.floor(figure.clientWidth / 20) * 20);
    const key = address(width);
    if (key !== state.key) {
      const answer = await fetch(key, { headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(`the chart could not be had (${answer.status})`);
      state.spec = await answer.json();
      state.key = key;
    }
    return structuredClone(state.spec);
  }

  function zoomed(spec) {
    for (const layer of spec.layer) {
      const x = layer.encoding.x;
      state.whole = x.scale.domain.map((day) => Date.parse(day));
      const [first, last] = state.domain ?? state.whole;
      x.axis = { ...x.axis, format: last - first < DAYS_NAMED * DAY ? "%-d %b" : "%b %Y" };
      if (state.domain) {
        x.scale = { ...x.scale, domain: state.domain.map((moment) => new Date(moment).toISOString()) };
        layer.mark = typeof layer.mark === "string" ? { type: layer.mark } : layer.mark;
        layer.mark.clip = layer.mark.type !== "text";
      }
    }
    return spec;
  }

  async function draw() {
    const turn = ++state.drawing;
    const spec = dressed(zoomed(await definition()));
    const made = await vegaEmbed(document.createElement("div"), spec, {
      ast: true,
      actions: false,
      renderer: "svg",
      defaultStyle: false,
      tooltip: { disableDefaultStyle: true, theme: "posterity" },
    });
    if (turn !== state.drawing) return made.finalize();
    state.view?.finalize();
    state.view = made;
    const drawn = made.view.container(); // the figure says what it shows, and the table beside it has all
    drawn.removeAttribute("role");
    drawn.setAttribute("aria-hidden", "true");
    for (const one of drawn.querySelectorAll("[role], [aria-label]")) {
      for (const name of ["role", "aria-label", "aria-roledescription"]) one.removeAttribute(name);
    }
    const focused = canvas.contains(document.activeElement) ? document.activeElement.href : null;
    image.replaceChildren(drawn);
    canvas.replaceChildren(image);
    if (!canvas.isConnected) picture.replaceWith(canvas);
    marks(spec);
    if (focused) [...canvas.querySelectorAll(".marks a")].find((link) => link.href === focused)?.focus();
    figure.querySelector(".scripted").hidden = false;
  }

  // Where the plot begins within the canvas.
  function corner() {
    const box = canvas.getBoundingClientRect();
    const svg = canvas.querySelector("svg").getBoundingClientRect();
    const [x, y] = state.view.view.origin();
    return [svg.left - box.left + x, svg.top - box.top + y];
  }

  // Links over the triangles of events: the mouse goes through them, and the keyboard comes to them.
  function marks(spec) {
    const layer = spec.layer.find((one) => one.encoding.href);
    if (!layer) return;
    const rows = layer.data.values ?? spec.datasets[layer.data.name];
    const scale = state.view.view.scale("x");
    const [first, last] = scale.domain().map(Number);
    const [left, top] = corner();
    const list = document.createElement("ul");
    const told = document.createElement("p");
    list.className = "marks";
    told.className = "told small";
    told.hidden = true;
    told.setAttribute("aria-hidden", "true"); // the link says the same
    list.setAttribute("aria-label", "Events on the chart, the earliest first; arrow keys go from one to the next");
    for (const row of rows) {
      const moment = Date.parse(row.as_of);
      if (!row.url.startsWith("/events/") || moment < first || moment > last) continue;
      const link = document.createElement("a");
      link.href = row.url;
      link.tabIndex = list.childElementCount ? -1 : 0;
      link.style.left = `${left + scale(moment)}px`;
      link.style.top = `${top + layer.encoding.y.value}px`;
      const words = document.createElement("span");
      words.className = "unseen";
      words.textContent = [row.as_of.slice(0, 10), row.event, row.effect].filter(Boolean).join(": ");
      link.append(words);
      const item = document.createElement("li");
      item.append(link);
      list.append(item);
    }
    list.addEventListener("focusin", (event) => {
      for (const link of list.querySelectorAll("a")) link.tabIndex = link === event.target ? 0 : -1;
      told.textContent = event.target.textContent;
      told.hidden = false;
    });
    list.addEventListener("focusout", () => (told.hidden = true));
    list.addEventListener("keydown", steps);
    if (list.childElementCount) canvas.append(list, told);
  }

  function steps(event) {
    const links = [...event.currentTarget.querySelectorAll("a")];
    const at = links.indexOf(document.activeElement);
    const to = { ArrowLeft: at - 1, ArrowUp: at - 1, ArrowRight: at + 1, ArrowDown: at + 1, Home: 0, End: links.length - 1 }[event.key];
    if (to === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    links[Math.min(Math.max(to, 0), links.length - 1)].focus();
  }

  function pressed() {
    for (const button of zoom.querySelectorAll("button")) {
      const days = Number(button.dataset.days);
      const span = state.domain ? Math.round((state.domain[1] - state.domain[0]) / DAY) : 0;
      button.setAttribute("aria-pressed", String(days === span));
    }
  }

  function show(domain) {
    state.domain = domain;
    pressed();
    return draw();
  }

  // Dragging across the chart zooms in; what is dragged over is shaded meanwhile.
  function drags() {
    const shade = document.createElement("div");
    shade.className = "brush";
    let from = null;
    const inside = (event) => {
      const box = canvas.getBoundingClientRect();
      const view = state.view.view;
      const [left] = corner();
      const at = Math.min(Math.max(event.clientX - box.left - left, 0), view.width());
      return { at, left, moment: view.scale("x").invert(at).getTime() };
    };
    canvas.addEventListener("pointerdown", (event) => {
      if (event.pointerType === "mouse" && event.button === 0 && state.view) from = inside(event);
    });
    window.addEventListener("pointermove", (event) => {
      if (!from) return;
      const to = inside(event);
      if (!shade.isConnected) canvas.append(shade);
      shade.style.left = `${from.left + Math.min(from.at, to.at)}px`;
      shade.style.width = `${Math.abs(to.at - from.at)}px`;
    });
    window.addEventListener("pointerup", (event) => {
      if (!from) return;
      const to = inside(event);
      const wide = Math.abs(to.at - from.at) > 8;
      const ends = [from.moment, to.moment].sort((one, other) => one - other);
      from = null;
      shade.remove();
      if (wide) show(ends);
    });
    canvas.addEventListener("dblclick", () => show(null));
  }

  function begin() {
    scales.hidden = zoom.hidden = false;
    figure.classList.add("live");
    scales.addEventListener("change", (event) => {
      state.scale = event.target.value;
      draw();
    });
    zoom.addEventListener("click", (event) => {
      const days = Number(event.target.closest("button")?.dataset.days ?? NaN);
      if (Number.isNaN(days)) return;
      const last = state.whole[1];
      show(days ? [last - days * DAY, last] : null);
    });
    drags();
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
    let waiting = 0;
    new ResizeObserver(() => {
      clearTimeout(waiting);
      waiting = setTimeout(draw, 150);
    }).observe(figure);
  }

  draw().then(begin, (error) => figure.setAttribute("data-trouble", error.message));
})();
