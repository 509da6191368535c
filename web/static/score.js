// Scores a release again in the browser: without some of its places, with another bar, with another share of malicious ones.
// The sums are those of services/classifier/src/composition.rs; nothing is sent anywhere. What was left out stands in the
// address, so that it can be shown to others: #without=0.1,0.2 leaves out the second and third place of the first artifact.
"use strict";

/// One part that does what these do, or null.
function merged(parts) {
  return parts.reduce((a, b) => {
    if (!a) return b;
    const most = Math.max(a.attention, b.attention);
    const [ofA, ofB] = [Math.exp(a.attention - most), Math.exp(b.attention - most)];
    return {
      logit: Math.max(a.logit, b.logit),
      attention: most + Math.log(ofA + ofB),
      pooled: (ofA * a.pooled + ofB * b.pooled) / (ofA + ofB),
    };
  }, null);
}

/// The score of the hunks that are kept and of the rest, or null when nothing is left.
function score(composition, kept) {
  const parts = composition.hunks.filter((_, number) => kept[number]);
  const all = merged(composition.rest ? [...parts, composition.rest] : parts);
  return all && composition.base + all.logit + all.pooled;
}

/// Of malice, where one release of `of` is malicious. The calibration assumes one of two.
function probability(composition, value, of) {
  const [slope, offset] = composition.calibration;
  const odds = slope * value + offset - (of > 1 ? Math.log(of - 1) : 0);
  return 1 / (1 + Math.exp(-odds));
}

function percent(share) {
  const value = 100 * share;
  return `${value.toFixed(1)}%`;
}

/// Numbers of the places that the address leaves out, of the panel `number`.
function leftOut(number) {
  const without = new URLSearchParams(location.hash.slice(1)).get("without") ?? "";
  return without.split(",").filter((place) => place.startsWith(`${number}.`)).map((place) => Number(place.split(".")[1]));
}

/// Writes into the address what is left out now, of all panels.
function remember() {
  const panels = [...document.querySelectorAll(".score")];
  const places = panels.flatMap((panel, number) =>
    [...panel.querySelectorAll("[data-hunk]")].flatMap((hunk, place) => (hunk.checked ? [] : [`${number}.${place}`])),
  );
  history.replaceState(null, "", places.length ? `#without=${places}` : location.pathname + location.search);
}

function live(panel, number) {
  const composition = JSON.parse(panel.dataset.composition);
  const one = (name) => panel.querySelector(`[data-${name}]`);
  const hunks = [...panel.querySelectorAll("[data-hunk]")];
  const [bar, prior] = [one("threshold"), one("prior")];
  const decided = { bar: bar.value, prior: prior.value };

  function show() {
    const value = score(composition, hunks.map((hunk) => hunk.checked));
    // One of two, of ten, of a hundred, and so on.
    const of = Math.max(2, Math.round(10 ** Number(prior.value)));
    const flagged = value !== null && value >= Number(bar.value);
    one("score").textContent = value === null ? "none: nothing is left to score" : value.toFixed(2);
    one("bar").textContent = Number(bar.value).toFixed(2);
    one("probability").textContent = value === null ? "nothing" : percent(probability(composition, value, of));
    one("prior-words").textContent = of === 2 ? " where as many releases are malicious as not" : ` where one of ${of.toLocaleString("en")} is malicious`;
    one("verdict").textContent = flagged ? "flagged" : "quiet";
    one("verdict").className = `badge ${flagged ? "deny" : "allow"}`;
  }

  for (const [place, hunk] of hunks.entries()) {
    hunk.hidden = false;
    hunk.checked = !leftOut(number).includes(place);
  }
  panel.querySelector(".knobs").hidden = false;
  panel.addEventListener("input", () => {
    show();
    remember();
  });
  one("reset").addEventListener("click", () => {
    for (const hunk of hunks) hunk.checked = true;
    [bar.value, prior.value] = [decided.bar, decided.prior];
    show();
    remember();
  });
  show();
}

for (const [number, panel] of document.querySelectorAll(".score").entries()) {
  if (panel.dataset.composition) live(panel, number);
}
