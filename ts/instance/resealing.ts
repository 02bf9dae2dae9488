/** A run that seals the values of a store anew, batch by batch. */

import { call } from '../bridge/bridge';
import { listOf, recordReader } from '../bridge/layouts';
import { type InstanceHandle, native } from '../bridge/native';
import type { StoreName } from '../stores/registry';

/** How far a run of `rotate` or `seal` is. */
export interface SealingProgress {
  store: StoreName;
  /** Rows that were read. */
  rows: number;
  /** How many the table has, by the database's estimate; `undefined`: not known. */
  total: number | undefined;
  /** Rows that were sealed anew; in a dry run those that would be. */
  resealed: number;
  /** Rows that are tried again at the end, since somebody refreshes, has locked or has changed them. */
  waiting: number;
}

/** What `rotate` and `seal` take besides the stores. */
export interface SealingRunOptions {
  /** Read and count, but write nothing. Default: false. */
  dryRun?: boolean | undefined;
  /** Ends the run after the current batch; the promise rejects with its reason. The next run does the rest. */
  signal?: AbortSignal | undefined;
  /** Called after each batch. What it throws ends the run. */
  onProgress?: ((progress: SealingProgress) => void) | undefined;
}

/** What a run has done so far. */
export interface Resealed {
  rows: number;
  resealed: number;
  plaintext: number;
  unopened: number;
  waiting: number;
  unwritten: number;
  total: number;
  isDone: boolean;
  hasTable: boolean;
  /** The versions of the keys, beginning with the one that seals. */
  versions: string[];
  from: RowsOfKey[];
}

interface RowsOfKey {
  version: number;
  rows: number;
}

const readRowsOfKey = recordReader<RowsOfKey>('RowsOfKey', ({ version, rows }) => (fields, at) => ({
  version: fields[at + version] as number,
  rows: fields[at + rows] as number,
}));

const readProgress = recordReader<Resealed>('ResealingProgress', (place, size) => {
  const { rows, resealed, plaintext, unopened, waiting, unwritten } = place;
  const { total, isDone, hasTable, versions, from } = place;
  return (fields, at) => {
    const first = at + size;
    const after = first + (fields[at + versions] as number);
    return {
      rows: fields[at + rows] as number,
      resealed: fields[at + resealed] as number,
      plaintext: fields[at + plaintext] as number,
      unopened: fields[at + unopened] as number,
      waiting: fields[at + waiting] as number,
      unwritten: fields[at + unwritten] as number,
      total: fields[at + total] as number,
      isDone: fields[at + isDone] as boolean,
      hasTable: fields[at + hasTable] as boolean,
      versions: fields.slice(first, after) as string[],
      from: listOf(readRowsOfKey, fields[at + from] as number, fields, after),
    };
  };
});

/** What is done with the values. */
export type Work = 'rotate' | 'seal';

/** A run over the rows of one store. `instance` gives the handle for each of its calls. */
export class ResealingRun {
  readonly store: StoreName;
  readonly #instance: () => InstanceHandle;
  readonly #options: SealingRunOptions;
  readonly #run: ReturnType<typeof native.newResealingRun>;

  constructor(
    instance: () => InstanceHandle,
    store: StoreName,
    work: Work,
    options: SealingRunOptions,
  ) {
    this.store = store;
    this.#instance = instance;
    this.#options = options;
    this.#run = native.newResealingRun(store, work === 'rotate', options.dryRun === true);
  }

  /** Looks at keys and table; changes nothing. */
  begin(): Promise<Resealed> {
    this.#options.signal?.throwIfAborted();
    return call((id) => native.continueResealing(this.#instance(), id, this.#run), readProgress);
  }

  /** Does the rest of the run, after {@link begin}. */
  async toTheEnd(): Promise<Resealed> {
    for (;;) {
      const done = await this.begin();
      const { rows, total, resealed, waiting } = done;
      const progress = { store: this.store, rows, total: total || undefined, resealed, waiting };
      this.#options.onProgress?.(progress);
      if (done.isDone) return done;
    }
  }
}
