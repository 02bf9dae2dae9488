/**
 * Draws the picture of the README, for GitHub's light and dark themes, from the results of the demo:
 *
 *     npm run --silent demo -- --json --compare > docs/images/four-processes.json
 *     node demo/picture.mjs
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** @typedef {import('./comparison.mjs').Round} Round */

const folder = fileURLToPath(new URL('../docs/images/', import.meta.url));

/** GitHub's colours. */
const themes = {
  light: {
    background: '#ffffff',
    line: '#d1d9e0',
    text: '#1f2328',
    muted: '#59636e',
    good: '#1a7f37',
    bad: '#cf222e',
    request: '#0969da',
  },
  dark: {
    background: '#0d1117',
    line: '#3d444d',
    text: '#f0f6fc',
    muted: '#9198a1',
    good: '#3fb950',
    bad: '#f85149',
    request: '#4493f8',
  },
};
const width = 840;
const margin = 24;
/** The x coordinates of the start and end of the time axis. */
const [left, right] = [150, 610];
const lane = 26;

const figures = JSON.parse(readFileSync(`${folder}four-processes.json`, 'utf8'));
for (const [name, theme] of Object.entries(themes)) {
  writeFileSync(`${folder}four-processes-${name}.svg`, draw(figures, theme));
}

/** @param {typeof themes.light} theme */
function draw({ callers, processes, database, comparison }, theme) {
  const { rounds, tokenkeep, handWritten } = comparison;
  const shown = { tokenkeep: median(tokenkeep), handWritten: median(handWritten) };
  const endMs = 500 * Math.ceil(Math.max(...Object.values(shown).map(lastAnswerMs)) / 500);
  const page = {
    theme,
    callers: callers / processes,
    x: (ms) => left + ((right - left) * ms) / endMs,
  };
  const title = `A token has expired. ${callers} callers in ${processes} processes ask for it at once.`;
  const note =
    `The provider rotates refresh tokens; ${database.replace(/ \(.*/, '')}. ` +
    `Median of ${rounds} rounds: npm run demo -- --compare`;
  const panel = (processes + 1) * lane + 76;
  const axis = 72 + 2 * panel;
  const height = axis + 62;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title" font-family="-apple-system, 'Segoe UI', 'Noto Sans', Helvetica, Arial, sans-serif" font-size="15">
<title id="title">${title}</title>
<rect x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="8" fill="${theme.background}" stroke="${theme.line}"/>
${text(margin, 40, title, theme.text, 'font-size="18" font-weight="600"')}
${drawPanel(68, 'tokenkeep', tokenkeep, page)}
${drawPanel(68 + panel, 'Hand-written service', handWritten, page)}
${drawAxis(axis, endMs, page)}
${text(margin, height - 18, note, theme.muted, 'font-size="13"')}
</svg>
`;
}

/** @param {Round[]} rounds */
function drawPanel(top, name, rounds, { theme, callers, x }) {
  const round = median(rounds);
  const requests = round.requestsMs.length;
  const lost = rounds.filter(({ connected }) => !connected).length;
  const y = (index) => top + 26 + index * lane;
  const count = requests === 1 ? '1 request' : `${requests} requests`;
  const lanes = round.byProcess.map(({ answered, lastAnswerMs }, index) => {
    const colour = answered === callers ? theme.good : theme.bad;
    return `${text(margin, y(index) + 15, `process ${index + 1}`, theme.muted)}
<rect x="${left}" y="${y(index) + 3}" width="${(x(lastAnswerMs) - left).toFixed(1)}" height="16" rx="3" fill="${colour}"/>
${text(right + 16, y(index) + 15, `${answered} of ${callers} get a token`, colour)}`;
  });
  const provider = y(lanes.length);
  const dots = round.requestsMs.map(
    (ms) =>
      `<circle cx="${x(ms).toFixed(1)}" cy="${provider + 10}" r="6" fill="${theme.request}" stroke="${theme.background}" stroke-width="1.5"/>`,
  );
  const all = rounds.length;
  const ending = lost
    ? `A second request reuses the refresh token, and the provider revokes the grant: in ${lost} of ${all} rounds.`
    : `Every caller gets a token, the last one after ${seconds(lastAnswerMs(round))}. No connection is lost in ${all} rounds.`;
  return `${text(margin, top + 14, name, theme.text, 'font-weight="600"')}
${lanes.join('\n')}
${text(margin, provider + 15, 'token endpoint', theme.muted)}
${dots.join('\n')}
${text(right + 16, provider + 15, count, theme.request)}
${text(margin, provider + 40, ending, lost ? theme.bad : theme.good)}`;
}

/** One tick per half second. */
function drawAxis(top, endMs, { theme, x }) {
  const ticks = Array.from({ length: endMs / 500 + 1 }, (_, index) => index * 500);
  const marks = ticks.map(
    (
      ms,
    ) => `<line x1="${x(ms)}" y1="${top - 4}" x2="${x(ms)}" y2="${top + 2}" stroke="${theme.muted}"/>
${text(x(ms), top + 18, `${ms / 1000} s`, theme.muted, 'text-anchor="middle" font-size="13"')}`,
  );
  return `<line x1="${left}" y1="${top - 4}" x2="${right}" y2="${top - 4}" stroke="${theme.muted}"/>
${text(right + 30, top + 18, 'until the last answer', theme.muted, 'font-size="13"')}
${marks.join('\n')}`;
}

function text(x, y, content, colour, more = '') {
  return `<text x="${x}" y="${y}" fill="${colour}"${more && ` ${more}`}>${content}</text>`;
}

function seconds(ms) {
  return `${(ms / 1000).toFixed(2)} s`;
}

/** @param {Round} round */
function lastAnswerMs({ byProcess }) {
  return Math.max(...byProcess.map((process) => process.lastAnswerMs));
}

/** The round with the median time of the last response. @param {Round[]} rounds */
function median(rounds) {
  const sorted = rounds.toSorted((a, b) => lastAnswerMs(a) - lastAnswerMs(b));
  return sorted[Math.floor(sorted.length / 2)];
}
