/**
 * The demo's output. Terminals get colours and animation; otherwise every step is one plain line.
 */

const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const frameMs = 100;
const lineMs = 15_000;

/** @typedef {ReturnType<typeof createScreen>} Screen */

/** @param {import('node:tty').WriteStream} out */
export function createScreen(out) {
  const terminal = Boolean(out.isTTY);
  const colours = terminal && !process.env.NO_COLOR;
  const paint = (code) => (text) => (colours ? `\x1b[${code}m${text}\x1b[0m` : text);
  const [bold, dim, red, green, cyan] = [1, 2, 31, 32, 36].map(paint);
  let failed = false;
  const line = (text = '') => out.write(`${text}\n`);
  const rewrite = (text) => out.write(`\r\x1b[2K${text}`);

  /**
   * Shows progress until `work` is done. `work` may call `report` with details; `ending` formats its result.
   *
   * @template T
   * @param {string} title
   * @param {(report: (detail: string) => void) => Promise<T>} work
   * @param {(result: T) => string} [ending]
   * @returns {Promise<T>}
   */
  async function step(title, work, ending = () => '') {
    const start = performance.now();
    let detail = '';
    let beat = 0;
    const drawFrame = () => {
      const text = `${elapsed(start)}${detail && `  ${detail}`}`;
      const room = Math.max(0, out.columns - title.length - 6);
      rewrite(`  ${cyan(frames[beat++ % frames.length])} ${title}  ${dim(text.slice(0, room))}`);
    };
    const addLine = () => line(`  · ${title}  ${elapsed(start)}  ${detail}`);
    if (!terminal) line(`  · ${title}`);
    const timer = terminal ? setInterval(drawFrame, frameMs) : setInterval(addLine, lineMs);
    const finish = (mark, text) => {
      clearInterval(timer);
      if (terminal) rewrite('');
      line(`  ${mark} ${title}  ${dim(elapsed(start))}${text && `  ${text}`}`);
    };
    try {
      const result = await work((text) => (detail = text));
      finish(green('✔'), ending(result));
      return result;
    } catch (error) {
      finish(red('✘'), '');
      throw error;
    }
  }

  return {
    step,
    title: (text) => line(`\n${bold(text)}`),
    /** @param {string} text */
    note: (text) => line(`  ${dim(text)}`),
    /** @param {[string, string][]} pairs */
    pairs: (pairs) => {
      const width = Math.max(...pairs.map(([name]) => name.length));
      for (const [name, value] of pairs) line(`    ${dim(name.padEnd(width))}  ${value}`);
    },
    /** @param {Record<string, string | number>} columns one row, by heading */
    table: (columns) => {
      const widths = Object.entries(columns).map((pair) => Math.max(...pair.map(lengthOf)));
      const cells = (values) =>
        values.map((value, i) => `${value}`.padStart(widths[i])).join('   ');
      line(`\n    ${dim(cells(Object.keys(columns)))}`);
      line(`    ${bold(cells(Object.values(columns)))}\n`);
    },
    /** Prints whether a promise holds. @param {boolean} holds @param {string} text */
    check: (holds, text) => {
      failed ||= !holds;
      line(`  ${holds ? green('✔') : red('✘ not so:')} ${text}`);
    },
    allGood: () => !failed,
    bad: (text) => line(`  ${red('✘')} ${text}`),
    /** Prints other text, such as the end of a log. */
    quote: (text) => line(text.replace(/^/gm, '    ')),
  };
}

function elapsed(start) {
  return `${((performance.now() - start) / 1000).toFixed(1)} s`;
}

function lengthOf(value) {
  return `${value}`.length;
}
