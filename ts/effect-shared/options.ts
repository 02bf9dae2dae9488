/** The options of a layer: those of `createTokenKeep`, with secrets that print nothing. */

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
  /** While it is being replaced several, tried in this order; none of a public client. */
  readonly clientSecret?:
    Redacted.Redacted<string> | ReadonlyArray<Redacted.Redacted<string>> | undefined;
}

/** What a layer can be told; what is left out is read from the environment. */
export interface LayerOptions
  extends
    Omit<TokenKeepOptions, Secret | 'providers'>,
    Partial<Record<Secret, Redacted.Redacted<string> | undefined>> {
  /** Where to refresh, by the provider's name. */
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
