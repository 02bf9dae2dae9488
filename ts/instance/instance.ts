/** Explicit instances, and the default instance that the plain functions use. */

import { AsyncResource } from 'node:async_hooks';
import type { Instance } from '../../index';
import { optionalDuration, optionsOf, record } from '../input/arguments';
import { bridge, call } from '../bridge/bridge';
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
import { withoutPrototype } from '../input/fields';
import type { GmailStore } from '../stores/gmail';
import type { IntegrationStore } from '../stores/integration';
import { type MigrateOptions, runMigrations } from './migrations';
import { type InstanceHandle, native } from '../bridge/native';
import { type ReviveOptions, runRevive } from './revive';
import {
  type RotateOptions,
  type RotateResult,
  type SealOptions,
  refuseRetire,
  runRotate,
  runSeal,
} from './rotation';
import {
  type RowKey,
  type SealedStore,
  type UnsealOptions,
  ValueSealer,
  runUnseal,
} from './sealing';
import { Settings, checkOptions } from '../settings/settings';
import type { TokenKeepOptions } from '../settings/options';
import type { Variables } from '../settings/variables';
import { Tenant, currentTenant } from './tenant';
import { type Stores, openStores } from '../stores/registry';
import type { VaultStore } from '../stores/vault';
import type { ZohoStore } from '../stores/zoho';

const closeNative = (instance: Instance, timeoutMs: number | undefined): Promise<boolean> =>
  call((id) => instance.close(id, timeoutMs));

const idle = (instance: Instance): Promise<void> => call((id) => instance.idle(id));

let lastNumber = 0;

/** An independent instance. Instances with equal database settings share a pool. */
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
  /** @internal Used by `tokenkeep/http`. */
  readonly connector: Connector;

  readonly #settings: Settings;
  readonly #parent: { readonly instance: TokenKeep; readonly tenant: Tenant } | undefined;
  readonly #sealer: ValueSealer;
  readonly #onEvent: Listener | undefined;
  #instance: Instance | undefined;
  #handle: InstanceHandle = 0;
  #variables: Variables | undefined;
  #number = 0;
  #closed = false;
  readonly #retired = new Set<Instance>();

  /** @internal `parent`: the instance of which this is the view of a tenant. */
  constructor(
    settings: Settings,
    parent?: { readonly instance: TokenKeep; readonly tenant: Tenant },
  ) {
    this.#settings = settings;
    this.#parent = parent;
    const { onEvent } = settings.options;
    this.#onEvent = onEvent && boundListener(onEvent);
    this.#sealer = new ValueSealer(settings.options, (name) => settings.variables[name]);
    const instance = (): InstanceHandle => this.#inTenant();
    this.connector = new Connector(instance, settings);
    Object.assign(this, openStores(instance, this.connector));
  }

  /** The handle of the native instance for the current tenant. */
  #inTenant(): InstanceHandle {
    const keep = this.#parent?.instance ?? this;
    const instance = keep.#current();
    const tenant = this.#parent?.tenant ?? currentTenant();
    return tenant ? tenant.of(instance) : keep.#handle;
  }

  /**
   * A view of this instance for a tenant: every call sets the tenant for row-level security, as `withTenant`
   * does, and ignores an enclosing `withTenant`. Closing the view closes this instance.
   * @throws {InvalidArgumentError} if the ID is not a string of 1 byte to 1 KiB
   */
  forTenant(tenantId: string): TokenKeep {
    const instance = this.#parent?.instance ?? this;
    return new TokenKeep(this.#settings, { instance, tenant: new Tenant(tenantId) });
  }

  /** The native instance; created again if a setting has changed. */
  #current(): Instance {
    if (this.#closed) throw new ClosedError('This tokenkeep instance was closed');
    const { variables, options, isFollowing } = this.#settings;
    if (this.#instance && this.#variables === variables) return this.#instance;
    const settings = this.#settings.resolve();
    this.#retire();
    this.#number = ++lastNumber;
    if (this.#onEvent) listen(this.#number, this.#onEvent);
    if (options.fetch) useFetch(bridge, this.#number, options.fetch);
    this.#variables = variables;
    const instance = new native.Instance(bridge, this.#number, settings);
    if (isFollowing) whenNotStored(this.#number, () => this.#updateSettings(instance, variables));
    this.#instance = instance;
    this.#handle = instance.handle;
    return instance;
  }

  /** Lets commits that are being retried use the current settings. */
  #updateSettings(instance: Instance, before: Variables): void {
    try {
      if (this.#settings.variables === before) return;
      instance.updateSettings(this.#settings.resolve());
    } catch {
      // Invalid settings: the next call reports them. Until then, the old ones are used.
    }
  }

  /** Closes the native instance with the old settings when its running work has ended. */
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

  /** Brings the tables of the named stores up to date. Returns the changes that it had to omit. */
  async migrate(options: MigrateOptions): Promise<string[]> {
    if (this.#parent) return this.#parent.instance.migrate(options);
    if (this.#closed) throw new ClosedError('This tokenkeep instance was closed');
    return runMigrations(this.#settings.resolve(), options);
  }

  /** Like the function `sealValue`, with the keys of this instance. */
  sealValue(store: SealedStore, column: string, key: RowKey, value: string): string {
    return this.#sealer.seal(store, column, key, value);
  }

  /** Like the function `openValue`, with the keys of this instance. */
  openValue(store: SealedStore, column: string, key: RowKey, stored: string): string {
    return this.#sealer.open(store, column, key, stored);
  }

  /**
   * Seals every value that another key has sealed with the first key of its variable: also those of dead rows and of
   * rows without a refresh token. Safe during normal operation, beside other runs, and after one that was ended in
   * the middle, whose rest the next one does. Rows that somebody refreshes come last.
   * @throws {ConfigurationError} if the key of a named store is missing
   */
  async rotate(options: RotateOptions = {}): Promise<RotateResult> {
    const isOfTenant = (this.#parent?.tenant ?? currentTenant()) !== undefined;
    if (isOfTenant) refuseRetire(options);
    return runRotate(() => this.#inTenant(), this.#settings, options);
  }

  /**
   * Seals every plaintext value of a store, the counterpart of {@link unseal}. As safe as {@link rotate}. Returns the
   * number of rows.
   * @throws {ConfigurationError} if `TOKENKEEP_SEALING` is `off`: otherwise refreshes write plaintext again
   */
  async seal(options: SealOptions): Promise<number> {
    return runSeal(() => this.#inTenant(), options);
  }

  /**
   * Rewrites every sealed value of a store in plaintext, for the way back. Safe during normal operation.
   * Returns the number of rows.
   * @throws {ConfigurationError} unless `TOKENKEEP_SEALING` is `off`: otherwise refreshes seal the values again
   */
  async unseal(options: UnsealOptions): Promise<number> {
    return runUnseal(this.#inTenant(), options);
  }

  /**
   * Removes the marks from rows that were marked revoked, for example after a deployment with wrong client
   * credentials. A row whose grant is really revoked is marked again at its next refresh. Returns the number
   * of rows.
   */
  async revive(options: ReviveOptions): Promise<number> {
    return runRevive(this.#inTenant(), options);
  }

  /**
   * Rejects further calls and waits for running work: refreshes that were sent, and their commits. Waits as
   * long as commits are retried, more than five minutes if the database is unreachable; `timeoutMs` shortens
   * that. Returns whether all work has ended.
   */
  async close(options: { timeoutMs?: number } = {}): Promise<boolean> {
    if (this.#parent) return this.#parent.instance.close(options);
    const timeoutMs = timeoutOf(options);
    this.#closed = true;
    const number = this.#number;
    const open = this.#instance ? [this.#instance, ...this.#retired] : [...this.#retired];
    const ended = await Promise.all(open.map((instance) => closeNative(instance, timeoutMs)));
    unlisten(number);
    forgetFetch(number);
    // Work that has not ended in time continues while the process lives.
    if (ended.every(Boolean)) forgetWhenNotStored(number);
    return ended.every(Boolean);
  }
}

function timeoutOf(options: { timeoutMs?: number }): number | undefined {
  return optionalDuration('timeoutMs', optionsOf(options, ['timeoutMs']).timeoutMs);
}

/**
 * Creates an independent instance. It reads the environment once, and connects, when it is first used: changes
 * of variables after that do not affect it.
 */
export function createTokenKeep(options: TokenKeepOptions = {}): TokenKeep {
  checkOptions(record('options', options) as TokenKeepOptions);
  const given = withoutPrototype(options);
  const { databasePassword } = given;
  // Connections are shared by all calls, so it runs in the async context of this call.
  if (databasePassword) given.databasePassword = AsyncResource.bind(databasePassword);
  return new TokenKeep(new Settings(given));
}

let shared: TokenKeep | undefined;

/** Calls a function with the default instance. What it throws becomes a rejection. */
export function onDefault<Result>(call: (instance: TokenKeep) => Promise<Result>): Promise<Result> {
  try {
    return call(defaultInstance());
  } catch (error) {
    return Promise.reject(error);
  }
}

/** The default instance, which follows the environment. */
export function defaultInstance(): TokenKeep {
  shared ??= new TokenKeep(Settings.following());
  return shared;
}

/** Closes the default instance, like {@link TokenKeep.close}. The next call opens another. */
export async function close(options: { timeoutMs?: number } = {}): Promise<boolean> {
  timeoutOf(options);
  const closing = shared;
  shared = undefined;
  return closing ? closing.close(options) : true;
}

/** Brings the tables of the named stores up to date, like {@link TokenKeep.migrate}. */
export async function migrate(options: MigrateOptions): Promise<string[]> {
  return defaultInstance().migrate(options);
}

/** Removes the marks from rows that were marked revoked, like {@link TokenKeep.revive}. */
export async function revive(options: ReviveOptions): Promise<number> {
  return defaultInstance().revive(options);
}

/** Seals every value of an earlier key with the first key, like {@link TokenKeep.rotate}. */
export async function rotate(options: RotateOptions = {}): Promise<RotateResult> {
  return defaultInstance().rotate(options);
}

/** Seals every plaintext value of a store, like {@link TokenKeep.seal}. */
export async function seal(options: SealOptions): Promise<number> {
  return defaultInstance().seal(options);
}

/** Rewrites every sealed value of a store in plaintext, like {@link TokenKeep.unseal}. */
export async function unseal(options: UnsealOptions): Promise<number> {
  return defaultInstance().unseal(options);
}
