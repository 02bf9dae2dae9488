/** Progress on standard error: one line that is written over in a terminal, plain lines in a log. */

import type { SealingProgress } from '../instance/resealing';

/** Where it is shown. */
export interface Screen {
  isTTY?: boolean | undefined;
  write(text: string): unknown;
}

/** How often the line of a terminal is written, and how often a line of a log. */
const TERMINAL_MS = 250;
const LOG_MS = 10_000;

const CLEAR_LINE = '\r\u001B[K';

/** Shows how far a run over the rows of stores is. */
export class ProgressLine {
  readonly #screen: Screen;
  readonly #now: () => number;
  #store: string | undefined;
  #rows = 0;
  #since = 0;
  #shown = 0;
  #isOnScreen = false;

  constructor(screen: Screen, now: () => number = () => performance.now()) {
    this.#screen = screen;
    this.#now = now;
  }

  /** To be called after each batch; most calls show nothing. */
  update(progress: SealingProgress): void {
    const now = this.#now();
    // The rows of a store may be gone through again, after those of the others or at once.
    if (progress.store !== this.#store || progress.rows < this.#rows) {
      this.#store = progress.store;
      this.#since = this.#shown = now;
    }
    this.#rows = progress.rows;
    if (now - this.#shown < (this.#screen.isTTY ? TERMINAL_MS : LOG_MS)) return;
    this.#shown = now;
    const line = lineOf(progress, (now - this.#since) / 1_000);
    this.#screen.write(this.#screen.isTTY ? `${CLEAR_LINE}${line}` : `${line}\n`);
    this.#isOnScreen = true;
  }

  /** Leaves an empty line where the progress was. */
  clear(): void {
    if (this.#isOnScreen && this.#screen.isTTY) this.#screen.write(CLEAR_LINE);
    this.#isOnScreen = false;
  }
}

const count = (rows: number): string => Math.round(rows).toLocaleString('en-US');

function lineOf({ store, rows, total, waiting }: SealingProgress, seconds: number): string {
  const rate = rows / seconds;
  const isKnown = total !== undefined && total > rows;
  return [
    `${store}: ${count(rows)}${isKnown ? ` of about ${count(total)}` : ''} rows`,
    `${count(rate)} a second`,
    ...(isKnown && rate > 0 ? [`${clock((total - rows) / rate)} left`] : []),
    ...(waiting > 0 ? [`${count(waiting)} wait for others`] : []),
  ].join(', ');
}

/** A duration as `1:02:03` or `2:03`. */
function clock(seconds: number): string {
  const whole = Math.ceil(seconds);
  const [hours, minutes] = [Math.floor(whole / 3_600), Math.floor((whole % 3_600) / 60)];
  const two = (part: number): string => String(part).padStart(2, '0');
  const end = two(whole % 60);
  return hours > 0 ? `${hours}:${two(minutes)}:${end}` : `${minutes}:${end}`;
}
