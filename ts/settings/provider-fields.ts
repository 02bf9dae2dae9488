/** Which fields the description of a provider has, in `createTokenKeep({ providers })`. */

import { InvalidArgumentError } from '../errors/errors';
import type { ProviderSettings } from './settings';

/** What {@link ProviderSettings} has. */
const PROVIDER_FIELDS: Readonly<Record<keyof ProviderSettings, true>> = {
  tokenUrl: true,
  revocationUrl: true,
  clientId: true,
  clientSecret: true,
  clientAuthentication: true,
  rotates: true,
  defaultExpiresIn: true,
  deadGrant: true,
};

/** Refuses what no description of a provider has: a typo would leave the real one out. */
export function checkProviders(providers: object): void {
  for (const [name, description] of Object.entries(providers)) {
    for (const [field, value] of Object.entries(Object(description) as object)) {
      if (value === undefined || Object.hasOwn(PROVIDER_FIELDS, field)) continue;
      const known = Object.keys(PROVIDER_FIELDS).join(', ');
      const argument = `providers.${name}.${field}`;
      throw new InvalidArgumentError(`${argument}: must be one of ${known}`, { argument });
    }
  }
}
