// Single letters do what the controls that carry them in data-key do; never while somebody writes.
"use strict";
(() => {
  const KEY = "posterity-shortcuts";
  const line = document.querySelector("[data-shortcuts]");
  const box = line && line.querySelector("input");
  const remembered = (() => { try { return localStorage.getItem(KEY); } catch { return null; } })();
  if (line) {
    line.hidden = false;
    box.checked = remembered !== "off";
    box.addEventListener("change", () => {
      try { localStorage.setItem(KEY, box.checked ? "on" : "off"); } catch { /* then it lasts as long as this page */ }
    });
  }
  const writes = (element) => element.matches("input:not([type=checkbox]):not([type=radio]), textarea, select");
  document.addEventListener("keydown", (event) => {
    const from = event.target;
    if (event.key === "Escape" && from instanceof HTMLElement && writes(from)) { from.blur(); return; }
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing || event.repeat) return;
    if (from instanceof HTMLElement && writes(from)) return;
    if (box && !box.checked) return;
    if (!/^[a-z]$/.test(event.key)) return;
    const to = document.querySelector(`[data-key="${event.key}"]`);
    if (!to) return;
    event.preventDefault();
    if (to.matches("input")) { to.focus(); to.select(); } else { to.click(); }
  });
})();
