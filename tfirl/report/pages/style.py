"""The page's own CSS and JavaScript; nothing is loaded from anywhere."""

CSS = """
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { font: 15px/1.5 system-ui, sans-serif; color: #222; background: #fff;
  max-width: 1280px; margin: 1.5rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin: 0 0 .2rem; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 2.2rem 0 .6rem; overflow-wrap: anywhere; }
h3 { font-size: 1rem; margin: 1rem 0 .2rem; overflow-wrap: anywhere; }
.small, li { color: #555; font-size: .9rem; overflow-wrap: anywhere; }
a { color: #0057a3; }
nav a { display: inline-block; padding: .3rem .6rem .3rem 0; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; margin: .6rem 0; }
th, td { padding: .35rem .7rem; text-align: right; white-space: nowrap; }
th { border-bottom: 2px solid #999; font-weight: 600; white-space: normal; }
td { border-bottom: 1px solid #e3e3e3; font-variant-numeric: tabular-nums; }
.left1 tr > :nth-child(-n+1), .left2 tr > :nth-child(-n+2),
  .left9 tr > * { text-align: left; }
.wrap td { white-space: normal; overflow-wrap: anywhere; min-width: 6rem; }
.figures { display: grid; gap: 1rem; align-items: start;
  grid-template-columns: repeat(auto-fill, minmax(min(100%, 22rem), 1fr)); }
figure { margin: 0; min-width: 0; }
figure img, figure video { display: block; width: 100%; height: auto;
  max-width: 30rem; }
.videos { display: flex; flex-wrap: wrap; gap: 1rem; margin: 1rem 0; }
.videos figure { flex: 1 1 140px; max-width: 240px; }
figcaption { font-size: .8rem; color: #555; overflow-wrap: anywhere; }
figcaption a { margin-right: .8rem; }
.wide { overflow-x: auto; }
.wide img { min-width: 44rem; max-width: 70rem; }
details { border-top: 1px solid #e3e3e3; padding: .2rem 0; }
summary { cursor: pointer; padding: .5rem 0; font-weight: 600;
  overflow-wrap: anywhere; }
@media (max-width: 640px) {
  .cards, .cards tbody, .cards tr, .cards td { display: block; }
  .cards thead { display: none; }
  .cards tr { border: 1px solid #ccc; border-radius: 6px; margin: .6rem 0;
    padding: .3rem .6rem; }
  .cards td { display: flex; justify-content: space-between; gap: 1rem;
    padding: .2rem 0; white-space: normal; overflow-wrap: anywhere; }
  .cards td::before { content: attr(data-label); color: #555;
    text-align: left; flex: 0 0 auto; max-width: 45%; }
  .cards tr td:last-child { border-bottom: 0; }
}
@media print {
  @page { margin: 12mm; }
  body { font-size: 9pt; margin: 0; padding: 0; max-width: none; }
  nav, figcaption a, .videos { display: none; }
  details::details-content { content-visibility: visible; height: auto; }
  .scroll, .wide { overflow: visible; }
  table { width: 100%; font-size: 7pt; }
  th, td, .wrap td { white-space: normal; padding: .15rem .25rem;
    min-width: 0; }
  .figures { grid-template-columns: 1fr 1fr; }
  .wide img { min-width: 0; max-width: 100%; }
  h2, h3, summary { break-after: avoid; }
  figure, tr { break-inside: avoid; }
}
"""

# Closed panels are opened for the printer, figures can be saved as what they
# are, and a page that draws itself again keeps what was opened.
JAVASCRIPT = """
'use strict';
const panels = [...document.querySelectorAll('details')];
let closed = [];
addEventListener('beforeprint', () => {
  closed = panels.filter((panel) => !panel.open);
  closed.forEach((panel) => { panel.open = true; });
});
addEventListener('afterprint', () => {
  closed.forEach((panel) => { panel.open = false; });
});
for (const image of document.querySelectorAll('figure img')) {
  const link = document.createElement('a');
  const kind = image.src.startsWith('data:image/svg') ? 'svg' : 'png';
  link.textContent = 'save as ' + kind.toUpperCase();
  link.download = image.dataset.file;
  link.href = image.src;
  const caption = image.closest('figure').querySelector('figcaption');
  caption.append(link);
}
const seconds = Number(document.body.dataset.refresh);
if (seconds) {
  const read = (name) => JSON.parse(sessionStorage.getItem(name) || 'null');
  const keep = (name, value) =>
    sessionStorage.setItem(name, JSON.stringify(value));
  for (const number of read('open') || []) {
    if (panels[number]) panels[number].open = true;
  }
  scrollTo(0, read('top') || 0);
  setTimeout(() => {
    keep('open', panels.flatMap((panel, i) => panel.open ? [i] : []));
    keep('top', scrollY);
    location.reload();
  }, 1000 * seconds);
}
"""
