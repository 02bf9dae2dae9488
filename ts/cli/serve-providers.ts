/** The routes of `tokenkeep serve` for all configured providers, below `TOKENKEEP_CONNECT_URL`. */

import type { IncomingMessage } from 'node:http';
import { AuthorizationError, ConfigurationError } from '../errors/errors';
import { HandlerConfig } from '../http/config';
import { createConnectHandlers } from '../http/connect-handlers';
import { providerCredentials } from '../http/credentials';
import { webRequest } from '../http/node';
import { ProviderPlace, baseUrl } from '../http/provider-place';
import { variableOf } from '../input/fields';
import type { TokenKeep } from '../instance/instance';

/** Answers a request; `undefined`: the path is another one. */
export type Route = (
  path: string,
  request: IncomingMessage,
) => Promise<Response | undefined> | undefined;

/** Receives an error and the provider that it is about. */
type Report = (error: unknown, at?: { provider: string }) => void;

/** Whether the providers' routes are served. */
export function servesProviders(): boolean {
  return Boolean(variableOf('TOKENKEEP_CONNECT_URL'));
}

/**
 * Fails without a provider that users can connect to; what is wrong with one of several is reported, and does not
 * stop the others.
 */
export async function checkProviders({ connector }: TokenKeep, report: Report): Promise<void> {
  baseUrl(undefined);
  const names = connector.providers();
  const wrong: { provider: string; error: unknown }[] = [];
  for (const provider of names) {
    // A connect link that nobody has made is refused before the database is asked: if all is set.
    await connector
      .checkLink('integration', 'none', undefined, provider)
      .catch((error: unknown) => {
        if (error instanceof AuthorizationError) return;
        if (!(error instanceof ConfigurationError)) throw error;
        wrong.push({ provider, error });
      });
  }
  const [first] = wrong;
  if (first && wrong.length === names.length) throw first.error;
  for (const { provider, error } of wrong) report(error, { provider });
  if (names.length > 0) return;
  const option = 'providers';
  throw new ConfigurationError(
    `${option}: is not set. Set a client, such as TOKENKEEP_HUBSPOT_CLIENT_ID and TOKENKEEP_HUBSPOT_CLIENT_SECRET, or describe providers in tokenkeep.config.mjs`,
    { option },
  );
}

/** `connect/NAME`, `callback/NAME`, `disconnect/NAME` and `credentials/NAME`. */
export function providerRoutes(keep: TokenKeep, report: Report): Route {
  const scopes = Object.fromEntries(keep.connector.providers().map(scopesOf));
  const handlers = createConnectHandlers({ keep, scopes, onError: report });
  const start = `${baseUrl(undefined).path}/credentials/`;
  return (path, request) => {
    if (path.startsWith(start))
      return credentialsOf(keep, report, path.slice(start.length), request);
    return handlers.serves(path) ? handlers.handle(webRequest(request)) : undefined;
  };
}

function credentialsOf(
  keep: TokenKeep,
  report: Report,
  provider: string,
  request: IncomingMessage,
): Promise<Response> | undefined {
  if (!keep.connector.providers().includes(provider)) return undefined;
  const instance = () => keep;
  const routes = { provider, scopes: [], texts: undefined, url: undefined };
  const place = new ProviderPlace(routes, instance);
  const config = new HandlerConfig({ keep, onError: report }, instance, place);
  return providerCredentials(config, webRequest(request));
}

/** The scopes in `TOKENKEEP_<NAME>_SCOPES`, which spaces separate. */
function scopesOf(provider: string): [string, string[]] {
  const name = provider.toUpperCase().replace(/[^A-Z0-9]/g, '_');
  const scopes = variableOf(`TOKENKEEP_${name}_SCOPES`) ?? '';
  return [provider, scopes.split(/\s+/).filter(Boolean)];
}
