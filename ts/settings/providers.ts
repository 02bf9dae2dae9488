/** The option `providers`. */

import type { ProviderOptions, ReplacedField } from '../../index';
import { InvalidArgumentError } from '../errors/errors';
import { optionalJson, optionalTexts, record, text } from '../input/arguments';
import { variableOf, withoutPrototype } from '../input/fields';
import { didYouMean } from '../input/nearest';
import type { ProviderSettings } from './options';
import { checkDescription, DESCRIPTION_FIELDS } from './provider-fields';

const KEY_FIELDS: readonly string[] = ['keyId', 'signingAlgorithm', 'certificateThumbprint'];

const CLIENT_FIELDS: readonly string[] = ['clientId', 'clientSecret', 'privateKey', ...KEY_FIELDS];

/** The fields of {@link ProviderSettings}. */
const FIELDS: readonly string[] = [...CLIENT_FIELDS, ...DESCRIPTION_FIELDS];

/** Rejects unknown fields: a misspelt one would be ignored. */
export function checkProviders(providers: object): void {
  for (const [name, settings] of Object.entries(providers)) {
    for (const [field, value] of Object.entries(Object(settings) as object)) {
      if (value === undefined || FIELDS.includes(field)) continue;
      const argument = `providers.${name}.${field}`;
      throw new InvalidArgumentError(`${argument}: unknown field${didYouMean(field, FIELDS)}`, {
        argument,
      });
    }
  }
}

/** The option `providers` as the core takes it, and clients in environment variables that it does not name. */
export function resolveProviders(
  providers: Record<string, ProviderSettings>,
  ofVariables: Record<string, ProviderSettings>,
): ProviderOptions[] {
  const given = Object.entries(record('providers', providers));
  const rest = Object.entries(ofVariables).filter(([name]) => !Object.hasOwn(providers, name));
  return [
    ...given.map(([name, settings]) => resolveProvider(name, settings, false)),
    ...rest.map(([name, settings]) => resolveProvider(name, settings, true)),
  ];
}

function resolveProvider(name: string, settings: unknown, isOfVariables: boolean): ProviderOptions {
  const at = `providers.${name}`;
  const fields = ownFields(record(at, settings));
  const { clientId, clientSecret: secrets } = fields;
  const description = checkDescription(
    at,
    Object.fromEntries(DESCRIPTION_FIELDS.map((field) => [field, fields[field]])),
  );
  const key = keyOf(at, fields, description);
  if (key) description['clientAuthentication'] = PRIVATE_KEY_JWT;
  return withoutPrototype({
    name,
    isOfVariables,
    description: JSON.stringify(description),
    clientId: filled(`${at}.clientId`, clientId),
    clientSecrets:
      optionalTexts(`${at}.clientSecret`, typeof secrets === 'string' ? [secrets] : secrets)?.map(
        (secret) => filled(`${at}.clientSecret`, secret),
      ) ?? [],
    ...key,
    replaced: replacedOf(name),
  });
}

const PRIVATE_KEY_JWT = 'private_key_jwt';

type Key = Pick<
  ProviderOptions,
  'privateKey' | 'keyId' | 'signingAlgorithm' | 'certificateThumbprint'
>;

/** The key of a client that authenticates with one, and what belongs to it. */
function keyOf(
  at: string,
  fields: Record<string, unknown>,
  { clientAuthentication: method }: Record<string, unknown>,
): Key | undefined {
  const refuse = (field: string, reason: string): never => {
    const argument = `${at}.${field}`;
    throw new InvalidArgumentError(`${argument}: ${reason}`, { argument });
  };
  const { privateKey, clientSecret } = fields;
  const isAbsent = (value: unknown): boolean => value === undefined || value === null;
  if (isAbsent(privateKey)) {
    for (const field of KEY_FIELDS) {
      if (!isAbsent(fields[field])) refuse(field, 'belongs to a privateKey, which is not set');
    }
    return undefined;
  }
  if (!isAbsent(clientSecret)) refuse('clientSecret', 'must not be set beside privateKey');
  if (method !== undefined && method !== PRIVATE_KEY_JWT) {
    refuse('clientAuthentication', `must be '${PRIVATE_KEY_JWT}' where privateKey is set`);
  }
  const given = (field: string): object =>
    isAbsent(fields[field]) ? {} : { [field]: filled(`${at}.${field}`, fields[field]) };
  return {
    privateKey:
      typeof privateKey === 'string'
        ? filled(`${at}.privateKey`, privateKey)
        : (optionalJson(`${at}.privateKey`, privateKey) ?? ''),
    ...given('keyId'),
    ...given('signingAlgorithm'),
    ...given('certificateThumbprint'),
  };
}

/** The fields that are read, each once. */
function ownFields(settings: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(FIELDS.map((field) => [field, settings[field]]));
}

function filled(argument: string, value: unknown): string {
  const given = text(argument, value);
  if (given) return given;
  throw new InvalidArgumentError(`${argument}: must not be empty`, { argument });
}

/** The fields that a variable replaces, for tests and proxies, and the end of its name; the token URL comes first. */
const REPLACED = {
  tokenUrl: 'TOKEN_URL',
  authorizationUrl: 'AUTHORIZATION_URL',
  revocationUrl: 'REVOCATION_URL',
  issuer: 'ISSUER',
} as const;

/** What `TOKENKEEP_MICROSOFT_TOKEN_URL` and the like replace. */
function replacedOf(provider: string): ReplacedField[] {
  const start = `TOKENKEEP_${provider.toUpperCase().replace(/[^A-Z0-9]/g, '_')}`;
  return Object.entries(REPLACED).flatMap(([field, end]) => {
    const variable = `${start}_${end}`;
    const value = variableOf(variable);
    return value ? [{ field, variable, value }] : [];
  });
}
