/** Checks whether the providers can be reached, and the client credentials are set. */

import { type Check, ok, problem, unknown, warning } from './check';
import type { Store } from './findings';
import { isLoopback } from './tls';

/** Sends a request to a URL; gives the HTTP status, or why there was no answer. */
export type Reach = (url: string) => Promise<number | string>;

interface Provider {
  name: string;
  url: string;
  /** Whether the URL is that of the issuer, and the endpoints are found through it. */
  isIssuer: boolean;
}

/** A provider that is described, or has a client in the environment. */
export interface DescribedProvider {
  name: string;
  /** The token endpoint. */
  url: string | undefined;
  /** The issuer through which the token endpoint is found. */
  issuer?: string | undefined;
  /** What is wrong with the description, or the client. */
  error: string | undefined;
}

const GOOGLE = 'https://oauth2.googleapis.com/token';
const ZOHO = 'https://accounts.zoho.com/oauth/v2/token';
const INSECURE = 'TOKENKEEP_ALLOW_INSECURE_REQUESTS';
const TOKEN_URL = /^TOKENKEEP_(.+)_TOKEN_URL$/;

/** google for every store except zoho, those that are described, and every provider whose token URL is set. */
function providersOf(
  stores: Store[],
  env: NodeJS.ProcessEnv,
  described: readonly DescribedProvider[],
): Provider[] {
  const providers = new Map<string, string>();
  const issuers = new Map<string, string>();
  // An application may have other providers only; then vault and integration say nothing of Google.
  const isOfGoogle = (store: Store): boolean =>
    ['gmail', 'calendar'].includes(store) || (store !== 'zoho' && described.length === 0);
  if (env['GOOGLE_CLIENT_ID'] || stores.some(isOfGoogle)) {
    providers.set('google', GOOGLE);
  }
  if (stores.includes('zoho')) providers.set('zoho', ZOHO);
  for (const { name, url, issuer } of described) {
    if (url) providers.set(name, url);
    if (issuer) issuers.set(name, issuer);
  }
  for (const [variable, url] of Object.entries(env)) {
    const name = TOKEN_URL.exec(variable)?.[1]?.toLowerCase();
    if (name && url) providers.set(name, url);
  }
  const found = [...issuers].filter(([name]) => !providers.has(name));
  return [
    ...[...providers].map(([name, url]) => ({ name, url, isIssuer: false })),
    ...found.map(([name, url]) => ({ name, url, isIssuer: true })),
  ];
}

/** Checks all of them at once. Without `reach` no request is sent. */
export async function providerChecks(
  stores: Store[],
  env: NodeJS.ProcessEnv,
  reach: Reach | undefined,
  described: readonly DescribedProvider[] = [],
): Promise<Check[]> {
  const wrong = described.flatMap(({ name, error }) =>
    error === undefined
      ? []
      : [problem(`providers.${name}.client`, `${error}.`, 'Correct it, and run the doctor again.')],
  );
  const checks = providersOf(stores, env, described).map(async (provider) => [
    await reachCheck(provider, env, reach),
    ...clientChecks(
      provider.name,
      described.find((each) => each.name === provider.name),
    ),
  ]);
  return [...wrong, ...(await Promise.all(checks)).flat()];

  function clientChecks(name: string, found: DescribedProvider | undefined): Check[] {
    if (!found) return [clientCheck(name, stores, env)];
    // What is wrong with it is said above.
    if (found.error !== undefined) return [];
    return [ok(`providers.${name}.client`, `The client at ${name} is set.`)];
  }
}

async function reachCheck(
  { name, url, isIssuer }: Provider,
  env: NodeJS.ProcessEnv,
  reach: Reach | undefined,
): Promise<Check> {
  const id = `providers.${name}.reachable`;
  const host = hostOf(url);
  const variable = `TOKENKEEP_${name.toUpperCase()}_${isIssuer ? 'ISSUER' : 'TOKEN_URL'}`;
  const what = isIssuer ? 'issuer' : 'token endpoint';
  if (host === undefined) {
    const found = `The ${what} of ${name} is not an http or https URL.`;
    return problem(id, found, `Correct ${variable}, or unset it.`);
  }
  const isInsecure = url.startsWith('http:') && !isLoopback(new URL(url).hostname);
  if (isInsecure && !allowsInsecure(env)) {
    const found = `The ${what} of ${name} at ${host} has no TLS: tokenkeep refuses it, since tokens and the client secret would be sent unencrypted.`;
    const fix = `Use https in ${variable}, or in a network that you trust set ${INSECURE}=1.`;
    return problem(id, found, fix, { host });
  }
  if (!reach) return unknown(id, `${host} was not checked (--offline).`);
  const answer = await reach(url);
  if (typeof answer === 'string') {
    const found = `The ${what} of ${name} at ${host} cannot be reached: ${answer}.`;
    const fix =
      'Allow connections from this machine to it. Through a proxy: HTTPS_PROXY. With a private certificate authority: NODE_EXTRA_CA_CERTS.';
    return problem(id, found, fix, { host });
  }
  const found = `The ${what} of ${name} at ${host} answers (${answer}).`;
  const values = { host, status: answer };
  if (isInsecure) {
    return warning(
      id,
      `${found} Tokens are sent unencrypted.`,
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
    return ok(id, `Each call of the zoho store passes the client credentials.${found}`);
  }
  if (name !== 'google') {
    return unknown(
      id,
      `The client credentials for ${name} are an option of the application: createTokenKeep({ providers }).`,
    );
  }
  const missing = ['GOOGLE_CLIENT_ID', 'GOOGLE_CLIENT_SECRET'].filter((variable) => !env[variable]);
  if (missing.length === 0) return ok(id, 'GOOGLE_CLIENT_ID and GOOGLE_CLIENT_SECRET are set.');
  const found = `${missing.join(' and ')} ${missing.length > 1 ? 'are' : 'is'} not set: tokens cannot be refreshed at Google.`;
  const fix = 'Copy them from the credentials page of the Google Cloud console.';
  // The others may have other providers, or a refreshFn.
  const isNeeded = stores.includes('gmail') || stores.includes('calendar');
  return isNeeded ? problem(id, found, fix) : warning(id, found, fix);
}
