"use strict";
(() => {
  const {root, unit, perFile, diff} = profile;
  const box = document.getElementById("graph");
  const detail = document.getElementById("detail");
  const help = detail.textContent;
  let hint = help;
  const total = root.value, before = root.base || 0;
  // In a difference a frame is as wide as both sides together, so that what is gone is seen, too.
  const size = node => node.value + (node.base || 0);

  // amount writes a value with its unit, three digits of it.
  const amount = value => {
    const steps = unit === "nanoseconds" ? [["s", 1e9], ["ms", 1e6], ["µs", 1e3], ["ns", 1]]
      : unit === "bytes" ? [["GB", 1e9], ["MB", 1e6], ["kB", 1e3], ["B", 1]] : null;
    if (!steps) return (100 * value).toFixed(2) + " %";
    const [name, size] = steps.find(([, size]) => Math.abs(value) >= size) || steps[steps.length - 1];
    return Number((value / size).toPrecision(3)) + " " + name + (perFile ? " a file" : "");
  };
  const percent = share => (100 * share).toFixed(share < 0.1 ? 2 : 1) + " %";

  // The colours come from the style sheet, so that they follow the scheme.
  const ofPool = pool => ["read", "analyse", "walk", "batcher", "runtime"].includes(pool) ? `var(--${pool})`
    : ["inline", "per-file", "threads"].includes(pool) ? "var(--mixed)"
    : ["monitor", "profiler"].includes(pool) ? "var(--watch)"
    : pool === "unattributable" ? "var(--lost)" : pool ? "var(--other)" : "var(--same)";
  const grown = d => (d.value - (d.base || 0)) / (size(d) || 1);
  const ofChange = d => {
    const g = grown(d), strength = Math.round(100 * Math.min(1, Math.abs(g) * 1.5));
    return `color-mix(in oklab, var(--${g > 0 ? "more" : "less"}) ${strength}%, var(--same))`;
  };
  const colour = d => d.highlight ? "var(--found)" : diff ? ofChange(d.data) : ofPool(d.data.pool);

  const words = d => {
    const {name, pool, value, base = 0} = d.data;
    const where = pool && name !== "pool " + pool ? ` · pool ${pool}` : "";
    if (!diff) return `${name}${where}: ${percent(value / total)}, ${amount(value)}`;
    const change = value - base;
    return `${name}${where}: ${amount(base)} (${percent(base / before)}) in ${profile.base}, ${amount(value)} (${percent(value / total)}) in ${profile.changed}; ` +
      `${change < 0 ? "−" : "+"}${amount(Math.abs(change))}`;
  };

  // short leaves the folders of a function's package out, as pprof does.
  const short = name => name.replace(/\[.*\]/, "[…]").replace(/[\w.-]+(\/[\w.-]+)*\//g, "");
  const width = () => Math.max(280, box.clientWidth);
  const chart = flamegraph.default()
    .width(width()).cellHeight(20).minFrameSize(1).transitionDuration(0).inverted(true).resetHeightOnZoom(true)
    .getName(d => short(d.data.name))
    .setLabelHandler(words)
    .setColorMapper(colour)
    .setDetailsHandler(text => { detail.textContent = text || hint; })
    .sort((a, b) => size(b.data) - size(a.data))
    .getValue(d => (d.data ? size(d.data) : size(d)))
    .setSearchMatch((d, term) => term !== "" && d.data.name.toLowerCase().includes(term.toLowerCase()))
    .setSearchHandler(found => {
      const marked = new Set(found), within = d => { while ((d = d.parent)) if (marked.has(d)) return true; return false; };
      const sum = found.filter(d => !within(d)).reduce((sum, d) => sum + size(d.data), 0);
      hint = found.length ? `Found in ${percent(sum / size(root))} of the whole, ${found.length} frames.` : "No frame is called so.";
      detail.textContent = hint;
    });
  d3.select(box).datum(root).call(chart);
  // What the reader asks for moves; the first drawing and a new width do not.
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 250;
  const atOnce = draw => { chart.transitionDuration(0); draw(); chart.transitionDuration(calm); };
  atOnce(() => {});

  document.getElementById("search").addEventListener("submit", event => {
    event.preventDefault();
    chart.search(document.getElementById("term").value);
  });
  document.getElementById("reset").addEventListener("click", () => {
    document.getElementById("term").value = "";
    hint = help;
    chart.clear();
    chart.resetZoom();
  });
  let last = width();
  new ResizeObserver(() => {
    if (width() === last) return;
    last = width();
    atOnce(() => chart.width(last).update());
  }).observe(box);
})();
