/** Draws reads per second over the number of callers, readable on light and on dark pages. */

const [width, height] = [840, 420];
const area = { left: 76, right: 610, top: 66, bottom: 352 };
const labelHeight = 20;

/** Short names, since they stand beside the lines; the colours are GitHub's, for light and for dark pages. */
const lines = [
  { peer: 'tokenkeep', name: 'tokenkeep', colours: ['#1a7f37', '#3fb950'] },
  { peer: 'older', name: 'tokenkeep, older build', colours: ['#6fae80', '#2f7d3f'] },
  {
    peer: 'postgres-js-batched',
    name: 'postgres.js, batched by hand',
    colours: ['#0969da', '#4493f8'],
  },
  { peer: 'postgres-js', name: 'postgres.js', colours: ['#8250df', '#ab7df8'] },
  { peer: 'pg', name: 'node-postgres, named', colours: ['#bc4c00', '#db6d28'] },
  { peer: 'drizzle', name: 'drizzle service', colours: ['#cf222e', '#f85149'] },
];
const page = {
  light:
    '.page { fill: #ffffff } .page, .grid { stroke: #d1d9e0 } .text { fill: #1f2328 } .muted { fill: #59636e }',
  dark: '.page { fill: #0d1117 } .page, .grid { stroke: #3d444d } .text { fill: #f0f6fc } .muted { fill: #9198a1 }',
};
const coloursOf = (theme) =>
  lines
    .map(({ peer, colours }) => `.${peer} { fill: ${colours[theme]}; stroke: ${colours[theme]} }`)
    .join(' ');
const style = `
${page.light} ${coloursOf(0)}
@media (prefers-color-scheme: dark) { ${page.dark} ${coloursOf(1)} }
.line { fill: none; stroke-width: 2 } .label { stroke: none } .small { font-size: 13px }`;

/** @param {Record<string, any>} result with `reads` */
export function plot({ reads, environment, quick }) {
  const series = lines
    .map((line) => ({ ...line, points: reads.map((load) => rateOf(load, line.peer)) }))
    .filter(({ points }) => points.every(Boolean));
  const top = niceMax(Math.max(...series.flatMap(({ points }) => points.map(({ max }) => max))));
  const step = (area.right - area.left) / (reads.length - 1);
  const scale = {
    top,
    x: (index) => area.left + index * step,
    y: (rate) => area.bottom - ((area.bottom - area.top) * rate) / top,
  };
  const title = 'Reads of a fresh token a second, by the number of callers that wait at once';
  const note =
    `${environment.cores} cores that the server shares, PostgreSQL ${environment.postgres}, Node ${environment.node}; ` +
    `medians, lowest and highest of the rounds${quick ? ' of a quick run' : ''}: npm run bench`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title" font-family="-apple-system, 'Segoe UI', 'Noto Sans', Helvetica, Arial, sans-serif" font-size="15">
<title id="title">${title}</title>
<style>${style}
</style>
<rect class="page" x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="8"/>
${text(24, 36, title, 'text', 'font-size="18" font-weight="600"')}
${axes(scale, reads)}
${series.map((line) => drawLine(line, scale)).join('\n')}
${labels(series, scale)}
${text(24, height - 18, note, 'muted small')}
</svg>
`;
}

function rateOf({ peers }, name) {
  return peers.find((peer) => peer.name === name)?.opsPerSecond;
}

/** The next of 1, 2, 2.5, 5 times a power of ten. */
function niceMax(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return power * [1, 2, 2.5, 5, 10].find((factor) => factor * power >= value);
}

function axes({ top, x, y }, reads) {
  const rates = [0, 0.25, 0.5, 0.75, 1].map((share) => share * top);
  const grid = rates.map((rate) => {
    const at = y(rate).toFixed(1);
    return `<line class="grid" x1="${area.left}" y1="${at}" x2="${area.right}" y2="${at}"/>
${text(area.left - 8, y(rate) + 5, rate.toLocaleString('en'), 'muted small', 'text-anchor="end"')}`;
  });
  const counts = reads.map(({ callers }, index) => {
    const name = callers === 1 ? '1 caller' : `${callers}`;
    return text(x(index), area.bottom + 20, name, 'muted small', 'text-anchor="middle"');
  });
  return [...grid, ...counts].join('\n');
}

function drawLine({ points, peer }, { x, y }) {
  const at = points.map(({ median }, index) => `${x(index).toFixed(1)},${y(median).toFixed(1)}`);
  const marks = points.map(({ median, min, max }, index) => {
    const centre = x(index).toFixed(1);
    return `<line x1="${centre}" y1="${y(min).toFixed(1)}" x2="${centre}" y2="${y(max).toFixed(1)}"/><circle cx="${centre}" cy="${y(median).toFixed(1)}" r="3.5"/>`;
  });
  return `<g class="${peer}"><polyline class="line" points="${at.join(' ')}"/>${marks.join('')}</g>`;
}

/** A name at the end of each line, moved where two would overlap. */
function labels(series, { y }) {
  const ends = series
    .map(({ name, peer, points }) => ({ name, peer, at: y(points.at(-1).median) }))
    .sort((a, b) => a.at - b.at);
  for (const [index, label] of ends.entries()) {
    if (index > 0) label.at = Math.max(label.at, ends[index - 1].at + labelHeight);
  }
  // Back up from the bottom if the last ones were moved below it.
  for (let index = ends.length - 1, lowest = area.bottom; index >= 0; index--) {
    ends[index].at = Math.min(ends[index].at, lowest);
    lowest = ends[index].at - labelHeight;
  }
  return ends
    .map(({ name, peer, at }) => text(area.right + 14, at + 5, name, `${peer} label`))
    .join('\n');
}

function text(x, y, content, className, more = '') {
  const position = `x="${x.toFixed(1)}" y="${y.toFixed(1)}"`;
  return `<text class="${className}" ${position}${more && ` ${more}`}>${content}</text>`;
}
