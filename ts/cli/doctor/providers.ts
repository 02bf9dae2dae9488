/** The providers: whether they can be reached, and the application's credentials there. */

import { type Check, ok, problem, unknown, warning } from './check';
import type { Store } from './findings';
import { isLoopback } from './tls';

/** Asks whether anybody answers at a URL; gives the status, or why there was none. */
export type Reach = (url: string) => Promise<number | string>;

interface Provider {
  name: string;
  url: string;
}

const GOOGLE = 'https://oauth2.googleapis.com/token';
const ZOHO = 'https://accounts.zoho.com/oauth/v2/token';
const INSECURE = 'TOKENKEEP_ALLOW_INSECURE_REQUESTS';
const TOKEN_URL = /^TOKENKEEP_(.+)_TOKEN_URL$/;

/** google for every store but zoho's, and whatever has a token URL of its own. */
function providersOf(stores: Store[], env: NodeJS.ProcessEnv): Provider[] {
  const providers = new Map<string, string>();
  if (env['GOOGLE_CLIENT_ID'] || stores.some((store) => store !== 'zoho')) {
    providers.set('google', GOOGLE);
  }
  if (stores.includes('zoho')) providers.set('zoho', ZOHO);
  for (const [variable, url] of Object.entries(env)) {
    const name = TOKEN_URL.exec(variable)?.[1]?.toLowerCase();
    if (name && url) providers.set(name, url);
  }
  return [...providers].map(([name, url]) => ({ name, url }));
}

/** Asks all of them at once. `reach` is left out where nothing may be asked. */
export async function providerChecks(
  stores: Store[],
  env: NodeJS.ProcessEnv,
  reach: Reach | undefined,
): Promise<Check[]> {
  const checks = providersOf(stores, env).map(async ({ name, url }) => [
    await reachCheck(name, url, env, reach),
    clientCheck(name, stores, env),
  ]);
  return (await Promise.all(checks)).flat();
}

async function reachCheck(
  name: string,
  url: string,
  env: NodeJS.ProcessEnv,
  reach: Reach | undefined,
): Promise<Check> {
  const id = `providers.${name}.reachable`;
  const host = hostOf(url);
  const variable = `TOKENKEEP_${name.toUpperCase()}_TOKEN_URL`;
  if (host === undefined) {
    const found = `The token endpoint of ${name} is no http or https URL.`;
    return problem(id, found, `Correct ${variable}, or take it away.`);
  }
  const isInsecure = url.startsWith('http:') && !isLoopback(new URL(url).hostname);
  if (isInsecure && !allowsInsecure(env)) {
    const found = `The token endpoint of ${name} at ${host} has no TLS: it is refused, since tokens and the client’s secret would go there unencrypted.`;
    const fix = `Use https in ${variable}, or within a network that you trust set ${INSECURE}=1.`;
    return problem(id, found, fix, { host });
  }
  if (!reach) return unknown(id, `${host} was not asked (--offline).`);
  const answer = await reach(url);
  if (typeof answer === 'string') {
    const found = `The token endpoint of ${name} at ${host} cannot be reached: ${answer}.`;
    const fix =
      'Let this machine connect there. Through a proxy: createTokenKeep({ fetch }). For an authority of your own: NODE_EXTRA_CA_CERTS.';
    return problem(id, found, fix, { host });
  }
  const found = `The token endpoint of ${name} at ${host} answers (${answer}).`;
  const values = { host, status: answer };
  if (isInsecure) {
    return warning(
      id,
      `${found} Tokens go there unencrypted.`,
      `Use https in ${variable}.`,
      values,
    );
  }
  return ok(id, found, values);
}

function allowsInsecure(env: NodeJS.ProcessEnv): boolean {
  return ['1', 'true', 'on'].includes(env[INSECURE] ?? '');
}

function hostOf(url: string): string | undefined {
  if (!URL.canParse(url)) return undefined;
  const { protocol, host } = new URL(url);
  return ['http:', 'https:'].includes(protocol) && host ? host : undefined;
}

function clientCheck(name: string, stores: Store[], env: NodeJS.ProcessEnv): Check {
  const id = `providers.${name}.client`;
  if (name === 'zoho') {
    const found = env['ZOHO_REFRESH_TOKEN'] ? ' ZOHO_REFRESH_TOKEN is set.' : '';
    return ok(id, `Each call of the zoho store brings its client’s credentials.${found}`);
  }
  if (name !== 'google') {
    return unknown(
      id,
      `The credentials for ${name} are options of the application: createTokenKeep({ providers }).`,
    );
  }
  const missing = ['GOOGLE_CLIENT_ID', 'GOOGLE_CLIENT_SECRET'].filter((variable) => !env[variable]);
  if (missing.length === 0) return ok(id, 'GOOGLE_CLIENT_ID and GOOGLE_CLIENT_SECRET are set.');
  const found = `${missing.join(' and ')} ${missing.length > 1 ? 'are' : 'is'} not set: nothing can be refreshed at Google.`;
  const fix = 'Take them from the application’s credentials at Google.';
  // The others may have other providers, or a refreshFn.
  const isNeeded = stores.includes('gmail') || stores.includes('calendar');
  return isNeeded ? problem(id, found, fix) : warning(id, found, fix);
}
