/**
 * The stores, declared once: the types, lists and error texts that name stores derive from here. Nothing
 * here loads the addon before a store is opened.
 */

import type { InstanceHandle } from '../bridge/native';
import type { Connector } from '../instance/connector';

/** A store's class. Only stores that users connect to take the connector. */
type StoreClass = new (instance: () => InstanceHandle, connector: Connector) => object;

interface StoreDeclaration {
  /** Loads the class with the store's methods. */
  load(): StoreClass;
  /** The table. */
  table: string;
  /** The parts of a row's key, as the store's methods name them. */
  key: readonly string[];
  /** Whether the first part of the key is a UUID. */
  hasUuid: boolean;
  /** The variable with the keys that seal its values. */
  keyVariable: 'GMAIL_ENCRYPTION_KEY' | 'ENCRYPTION_SECRET' | 'TOKENKEEP_KEY';
  /** Variables that only this store reads: if one is set, the store is used. */
  variables: readonly string[];
  /** Whether its values are sealed in tokenkeep's own format, `tk1.`. */
  seals: boolean;
  /** Whether it marks the rows of revoked grants, and keeps them. */
  revives: boolean;
  /** Whether users connect to it. */
  connects: boolean;
}

/** Every store, by its name. */
export const STORES = {
  gmail: {
    load: () => (require('./gmail') as typeof import('./gmail')).GmailStore,
    table: 'gmail_tokens',
    key: ['userId'],
    hasUuid: false,
    keyVariable: 'GMAIL_ENCRYPTION_KEY',
    variables: ['GMAIL_ENCRYPTION_KEY'],
    seals: false,
    revives: false,
    connects: false,
  },
  zoho: {
    load: () => (require('./zoho') as typeof import('./zoho')).ZohoStore,
    table: 'oauth_tokens',
    key: ['clientId', 'provider'],
    hasUuid: false,
    keyVariable: 'TOKENKEEP_KEY',
    variables: ['ZOHO_REFRESH_TOKEN', 'TOKENKEEP_ZOHO_TOKEN_URL'],
    seals: true,
    revives: true,
    connects: false,
  },
  vault: {
    load: () => (require('./vault') as typeof import('./vault')).VaultStore,
    table: 'token_vault',
    key: ['tenantId', 'provider', 'identifier'],
    hasUuid: true,
    keyVariable: 'ENCRYPTION_SECRET',
    variables: ['ENCRYPTION_SECRET'],
    seals: false,
    revives: true,
    connects: false,
  },
  calendar: {
    load: () => (require('./calendar') as typeof import('./calendar')).CalendarStore,
    table: 'google_calendar_tokens',
    key: ['userId'],
    hasUuid: true,
    keyVariable: 'TOKENKEEP_KEY',
    variables: [],
    seals: true,
    revives: false,
    connects: true,
  },
  integration: {
    load: () => (require('./integration') as typeof import('./integration')).IntegrationStore,
    table: 'integration_tokens',
    key: ['userId', 'provider'],
    hasUuid: false,
    keyVariable: 'TOKENKEEP_KEY',
    variables: [],
    seals: true,
    revives: true,
    connects: true,
  },
} as const satisfies Record<string, StoreDeclaration>;

/** The name of a store. */
export type StoreName = keyof typeof STORES;

type Ability = 'seals' | 'revives' | 'connects';

/** The names of the stores that can do something. */
export type StoresThat<Can extends Ability> = {
  [Name in StoreName]: (typeof STORES)[Name][Can] extends true ? Name : never;
}[StoreName];

/** One of each store. */
export type Stores = {
  readonly [Name in StoreName]: InstanceType<ReturnType<(typeof STORES)[Name]['load']>>;
};

/** The names of all stores. */
export const STORE_NAMES = Object.keys(STORES) as readonly StoreName[];

/** The names of the stores that can do something. */
export const storesThat = <Can extends Ability>(can: Can): readonly StoresThat<Can>[] =>
  STORE_NAMES.filter((name): name is StoresThat<Can> => STORES[name][can]);

/** Whether a value is the name of a store. */
export const isStoreName = (name: unknown): name is StoreName =>
  typeof name === 'string' && Object.hasOwn(STORES, name);

/** Opens one of each. */
export function openStores(instance: () => InstanceHandle, connector: Connector): Stores {
  const declarations: [string, StoreDeclaration][] = Object.entries(STORES);
  const opened = declarations.map(([name, { load }]) => [name, new (load())(instance, connector)]);
  return Object.fromEntries(opened) as Stores;
}
