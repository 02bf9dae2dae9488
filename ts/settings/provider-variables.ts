/**
 * Clients of built-in providers in environment variables: `TOKENKEEP_HUBSPOT_CLIENT_ID`,
 * `TOKENKEEP_HUBSPOT_CLIENT_SECRET`, or `_PRIVATE_KEY` with `_KEY_ID` and `_CERTIFICATE_THUMBPRINT`, and what stands
 * in URLs, such as `TOKENKEEP_MICROSOFT_TENANT`. They are read when an instance is first used, and again when one of
 * the other variables has changed.
 */

import type * as Native from '../bridge/native';
import { variableOf } from '../input/fields';
import type { ProviderSettings } from './options';

const CLIENT_ID = /^TOKENKEEP_([A-Z0-9_]+)_CLIENT_ID$/;

/**
 * The clients, by the provider's name. A variable of a provider that is not built in is left alone, unless there is
 * a token URL or an issuer for it: it may be the application's own.
 */
export function clientsOfVariables(): Record<string, ProviderSettings> {
  const clients: [string, ProviderSettings][] = [];
  for (const name of Object.keys(process.env)) {
    const provider = CLIENT_ID.exec(name)?.[1];
    const clientId = provider && variableOf(name);
    if (!provider || !clientId) continue;
    const start = `TOKENKEEP_${provider}_`;
    // Loaded here only: the doctor reads settings before it checks whether the addon loads.
    const { native } = require('../bridge/native') as typeof Native;
    const declared = native.builtInVariables(provider.toLowerCase());
    const isDescribed = ['TOKEN_URL', 'ISSUER'].some((end) => variableOf(`${start}${end}`));
    if (!declared && !isDescribed) continue;
    const clientSecret = variableOf(`${start}CLIENT_SECRET`);
    const privateKey = variableOf(`${start}PRIVATE_KEY`);
    const keyId = variableOf(`${start}KEY_ID`);
    const certificateThumbprint = variableOf(`${start}CERTIFICATE_THUMBPRINT`);
    const variables = (declared ?? []).flatMap((variable) => {
      const value = variableOf(`${start}${variable.toUpperCase()}`);
      return value ? [[variable, value] as const] : [];
    });
    clients.push([
      provider.toLowerCase(),
      {
        clientId,
        ...(clientSecret ? { clientSecret } : {}),
        ...(privateKey ? { privateKey } : {}),
        ...(keyId ? { keyId } : {}),
        ...(certificateThumbprint ? { certificateThumbprint } : {}),
        variables: Object.fromEntries(variables),
      },
    ]);
  }
  return Object.fromEntries(clients);
}
