/**
 * Clients of built-in providers in environment variables: `TOKENKEEP_HUBSPOT_CLIENT_ID`,
 * `TOKENKEEP_HUBSPOT_CLIENT_SECRET`, and what stands in URLs, such as `TOKENKEEP_MICROSOFT_TENANT`. They are read
 * when an instance is first used, and again when one of the other variables has changed.
 */

import { variableOf } from '../input/fields';
import type { ProviderSettings } from './options';
import { REPLACED_ENDS } from './providers';

const CLIENT_ID = /^TOKENKEEP_([A-Z0-9_]+)_CLIENT_ID$/;

/** Ends of names that are no variables of a URL. */
const OTHER_ENDS: readonly string[] = ['CLIENT_ID', 'CLIENT_SECRET', ...REPLACED_ENDS];

/** The clients, by the provider's name. `known`: variables with a meaning of their own. */
export function clientsOfVariables(known: readonly string[]): Record<string, ProviderSettings> {
  const names = Object.keys(process.env);
  const clients: [string, ProviderSettings][] = [];
  for (const name of names) {
    const provider = CLIENT_ID.exec(name)?.[1];
    const clientId = provider && variableOf(name);
    if (!provider || !clientId) continue;
    const start = `TOKENKEEP_${provider}_`;
    const isOfUrl = (other: string) =>
      other.startsWith(start) &&
      !OTHER_ENDS.includes(other.slice(start.length)) &&
      !known.includes(other) &&
      variableOf(other);
    const clientSecret = variableOf(`${start}CLIENT_SECRET`);
    const variables = names
      .filter(isOfUrl)
      .map((other) => [other.slice(start.length).toLowerCase(), variableOf(other) ?? '']);
    clients.push([
      provider.toLowerCase(),
      {
        clientId,
        ...(clientSecret ? { clientSecret } : {}),
        variables: Object.fromEntries(variables) as Record<string, string>,
      },
    ]);
  }
  return Object.fromEntries(clients);
}
