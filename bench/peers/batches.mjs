/** The limits of tokenkeep. */
const keysMax = 64;
const inFlightMax = 3;
const shareMin = 8;

/** Collects keys while queries run, for the next query. */
export class Batches {
  #fetch;
  #waiting = [];
  #inFlight = 0;

  /** @param {(keys: string[]) => Promise<Map<string, object>>} fetch */
  constructor(fetch) {
    this.#fetch = fetch;
  }

  /** @param {string} key */
  get(key) {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ key, resolve, reject });
      if (this.#inFlight === inFlightMax) return;
      this.#inFlight++;
      // Let calls of the same burst add their keys first.
      queueMicrotask(() => this.#work());
    });
  }

  async #work() {
    while (this.#waiting.length > 0) {
      const share = Math.max(shareMin, Math.ceil(this.#waiting.length / inFlightMax));
      const batch = this.#waiting.splice(0, Math.min(share, keysMax));
      try {
        const rows = await this.#fetch([...new Set(batch.map(({ key }) => key))]);
        for (const { key, resolve } of batch) resolve(rows.get(key));
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.#inFlight--;
  }
}
