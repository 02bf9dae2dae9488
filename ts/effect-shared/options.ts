/** The options of a layer: those of `createTokenKeep`, with redacted secrets. */

import * as Redacted from 'effect/Redacted';
import type { ProviderSettings, TokenKeepOptions } from 'tokenkeep';

type Secret =
  | 'databaseUrl'
  | 'gmailEncryptionKey'
  | 'tokenkeepKey'
  | 'googleClientSecret'
  | 'zohoRefreshToken'
  | 'encryptionSecret'
  | 'encryptionSecretPrevious';

/** An application at a provider. */
export interface LayerProviderSettings extends Omit<ProviderSettings, 'clientSecret'> {
  /** During a rotation, several secrets, tried in this order. None for a public client. */
  readonly clientSecret?:
    Redacted.Redacted<string> | ReadonlyArray<Redacted.Redacted<string>> | undefined;
}

/** The options of a layer; absent ones are read from the environment. */
export interface LayerOptions
  extends
    Omit<TokenKeepOptions, Secret | 'providers'>,
    Partial<Record<Secret, Redacted.Redacted<string> | undefined>> {
  /** The clients, by the provider's name. */
  readonly providers?: Readonly<Record<string, LayerProviderSettings>> | undefined;
}

/** The options as `createTokenKeep` takes them. */
export function plainOptions(options: LayerOptions): TokenKeepOptions {
  return plain(options) as TokenKeepOptions;
}

function plain(value: unknown): unknown {
  if (Redacted.isRedacted(value)) return Redacted.value(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, plain(part)]));
}
