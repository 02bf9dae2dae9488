/** Instances: explicit ones, and the default one that plain functions use. */

import { AsyncResource } from 'node:async_hooks';
import type { Instance } from '../../index';
import { optionalDuration, record } from '../input/arguments';
import { bridge, promised } from '../bridge/bridge';
import type { CalendarStore } from '../stores/calendar';
import { Connector } from './connector';
import { ClosedError } from '../errors/errors';
import {
  type Listener,
  boundListener,
  forgetWhenNotStored,
  listen,
  unlisten,
  whenNotStored,
} from '../bridge/events';
import { forgetFetch, useFetch } from '../bridge/fetch';
import { bare } from '../input/fields';
import type { GmailStore } from '../stores/gmail';
import type { IntegrationStore } from '../stores/integration';
import { type MigrateOptions, runMigrations } from './migrations';
import { native } from '../bridge/native';
import { type ReviveOptions, runRevive } from './revive';
import {
  type RowKey,
  type SealedStore,
  type UnsealOptions,
  ValueSealer,
  runUnseal,
} from './sealing';
import { type TokenKeepOptions, checkOptions, read, resolve } from '../settings/settings';
import { Tenant, currentTenant } from './tenant';
import { type Stores, openStores } from '../stores/registry';
import type { VaultStore } from '../stores/vault';
import type { ZohoStore } from '../stores/zoho';

const closeNative = promised<boolean, Instance, [number | undefined]>((instance, id, timeoutMs) =>
  instance.close(id, timeoutMs),
);

const idle = promised<void, Instance, []>((instance, id) => instance.idle(id));

let lastNumber = 0;

/** An independent instance. Its pool is shared with instances of equal database settings. */
export class TokenKeep implements Stores {
  /** The gmail store. */
  declare readonly gmail: GmailStore;
  /** The calendar store. */
  declare readonly calendar: CalendarStore;
  /** The zoho store. */
  declare readonly zoho: ZohoStore;
  /** The vault store. */
  declare readonly vault: VaultStore;
  /** The integration store. */
  declare readonly integration: IntegrationStore;
  /** @internal What `tokenkeep/http` is made of. */
  readonly connector: Connector;

  readonly #options: TokenKeepOptions;
  readonly #of: { readonly instance: TokenKeep; readonly tenant: Tenant } | undefined;
  readonly #sealer: ValueSealer;
  readonly #onEvent: Listener | undefined;
  #instance: Instance | undefined;
  #said: (string | undefined)[] = [];
  #number = 0;
  #closed = false;
  readonly #retired = new Set<Instance>();

  /** @internal `of`: the instance that this one is, for a tenant. */
  constructor(
    options: TokenKeepOptions = {},
    of?: { readonly instance: TokenKeep; readonly tenant: Tenant },
  ) {
    checkOptions(record('options', options) as TokenKeepOptions);
    this.#options = bare(options);
    const { databasePassword } = this.#options;
    // Called when a connection is needed, whoever needs it: in the context of whoever made the instance.
    if (databasePassword) this.#options.databasePassword = AsyncResource.bind(databasePassword);
    this.#of = of;
    const { onEvent } = this.#options;
    this.#onEvent = onEvent && boundListener(onEvent);
    this.#sealer = new ValueSealer(this.#options);
    const instance = (): Instance => this.#inTenant();
    this.connector = new Connector(instance, this.#options);
    Object.assign(this, openStores(instance, this.connector));
  }

  /** The native instance, for the tenant that this call is about. */
  #inTenant(): Instance {
    const instance = (this.#of?.instance ?? this).#current();
    const tenant = this.#of?.tenant ?? currentTenant();
    return tenant ? tenant.of(instance) : instance;
  }

  /**
   * This instance for a tenant: every call tells row-level security so, as `withTenant` does, whatever
   * tenant it is made in. To close it is to close this one.
   * @throws {InvalidArgumentError} for an id that is no text of 1 byte to 1 KiB
   */
  forTenant(tenantId: string): TokenKeep {
    const instance = this.#of?.instance ?? this;
    return new TokenKeep(this.#options, { instance, tenant: new Tenant(tenantId) });
  }

  /** The native instance; made anew when a variable that matters has changed. */
  #current(): Instance {
    if (this.#closed) throw new ClosedError('This tokenkeep instance was closed');
    const said = read(this.#options);
    const before = this.#said;
    if (this.#instance && said.every((value, index) => value === before[index])) {
      return this.#instance;
    }
    const settings = resolve(this.#options, said);
    this.#retire();
    this.#number = ++lastNumber;
    if (this.#onEvent) listen(this.#number, this.#onEvent);
    if (this.#options.fetch) useFetch(bridge, this.#number, this.#options.fetch);
    this.#said = said;
    const instance = new native.Instance(bridge, this.#number, settings);
    whenNotStored(this.#number, () => this.#updateSettings(instance, said));
    this.#instance = instance;
    return instance;
  }

  /** What is still to be stored goes where the settings lead that count now. */
  #updateSettings(instance: Instance, before: (string | undefined)[]): void {
    try {
      const said = read(this.#options);
      if (said.every((value, index) => value === before[index])) return;
      instance.updateSettings(resolve(this.#options, said));
    } catch {
      // Settings that are refused: the next call says so, and the old ones are tried meanwhile.
    }
  }

  /** What is under way with the old settings goes on; then their pool is given back. */
  #retire(): void {
    const [instance, number] = [this.#instance, this.#number];
    if (!instance) return;
    this.#instance = undefined;
    this.#retired.add(instance);
    void idle(instance)
      .then(() => closeNative(instance, 0))
      .finally(() => {
        unlisten(number);
        forgetFetch(number);
        forgetWhenNotStored(number);
        this.#retired.delete(instance);
      });
  }

  /** Brings the tables of the named stores up to date; gives what had to be left out. */
  async migrate(options: MigrateOptions): Promise<string[]> {
    if (this.#of) return this.#of.instance.migrate(options);
    if (this.#closed) throw new ClosedError('This tokenkeep instance was closed');
    return runMigrations(resolve(this.#options, read(this.#options)), options);
  }

  /** As the function of this name, with the keys of this instance. */
  sealValue(store: SealedStore, column: string, key: RowKey, value: string): string {
    return this.#sealer.seal(store, column, key, value);
  }

  /** As the function of this name, with the keys of this instance. */
  openValue(store: SealedStore, column: string, key: RowKey, stored: string): string {
    return this.#sealer.open(store, column, key, stored);
  }

  /**
   * Rewrites every sealed value of a store in plaintext, beside live traffic: the way back. Gives
   * how many rows.
   * @throws {ConfigurationError} unless `TOKENKEEP_SEALING` is `off`: otherwise they are sealed again
   */
  async unseal(options: UnsealOptions): Promise<number> {
    return runUnseal(this.#inTenant(), options);
  }

  /**
   * Has the rows of a store that were marked dead tried again, such as after a deployment with another
   * client's credentials. One whose grant is really dead is marked again when it is next refreshed.
   * Gives how many rows were marked.
   */
  async revive(options: ReviveOptions): Promise<number> {
    return runRevive(this.#inTenant(), options);
  }

  /**
   * Refuses further calls and waits for what is under way: refreshes that were sent, and their
   * commits. By default as long as a commit is tried, over five minutes when the database is
   * away; `timeoutMs` shortens that. Gives whether all of it ended.
   */
  async close(options: { timeoutMs?: number } = {}): Promise<boolean> {
    if (this.#of) return this.#of.instance.close(options);
    const timeoutMs = timeoutOf(options);
    this.#closed = true;
    const number = this.#number;
    const open = this.#instance ? [this.#instance, ...this.#retired] : [...this.#retired];
    const ended = await Promise.all(open.map((instance) => closeNative(instance, timeoutMs)));
    unlisten(number);
    forgetFetch(number);
    // What did not end in time is stored all the same, when there is still a process.
    if (ended.every(Boolean)) forgetWhenNotStored(number);
    return ended.every(Boolean);
  }
}

function timeoutOf(options: { timeoutMs?: number }): number | undefined {
  return optionalDuration('timeoutMs', record('options', options)['timeoutMs']);
}

/** Makes an independent instance; connects when it is first used. */
export function createTokenKeep(options: TokenKeepOptions = {}): TokenKeep {
  return new TokenKeep(options);
}

let shared: TokenKeep | undefined;

/** The instance that reads everything from the environment. */
export function defaultInstance(): TokenKeep {
  shared ??= new TokenKeep();
  return shared;
}

/** Closes the default instance, as {@link TokenKeep.close} does; the next call opens another. */
export async function close(options: { timeoutMs?: number } = {}): Promise<boolean> {
  timeoutOf(options);
  const closing = shared;
  shared = undefined;
  return closing ? closing.close(options) : true;
}

/** Brings the tables of the named stores up to date, in the database of the environment. */
export async function migrate(options: MigrateOptions): Promise<string[]> {
  return defaultInstance().migrate(options);
}

/** Has rows that were marked dead tried again, as {@link TokenKeep.revive} does. */
export async function revive(options: ReviveOptions): Promise<number> {
  return defaultInstance().revive(options);
}

/** Rewrites every sealed value of a store in plaintext, as {@link TokenKeep.unseal} does. */
export async function unseal(options: UnsealOptions): Promise<number> {
  return defaultInstance().unseal(options);
}
