/** The option `providers`. */

import type { ProviderOptions } from '../../index';
import { InvalidArgumentError } from '../errors/errors';
import { optionalNumber, optionalText, optionalTexts, record, text } from '../input/arguments';
import { withoutPrototype } from '../input/fields';
import { deadGrantOf } from './dead-grant';
import type { ProviderSettings } from './options';
import type { Variables } from './variables';

/** The fields of {@link ProviderSettings}. */
const FIELDS: Readonly<Record<keyof ProviderSettings, true>> = {
  tokenUrl: true,
  revocationUrl: true,
  clientId: true,
  clientSecret: true,
  clientAuthentication: true,
  rotates: true,
  defaultExpiresIn: true,
  deadGrant: true,
};

/** Rejects unknown fields: a misspelt one would be ignored. */
export function checkProviders(providers: object): void {
  for (const [name, settings] of Object.entries(providers)) {
    for (const [field, value] of Object.entries(Object(settings) as object)) {
      if (value === undefined || Object.hasOwn(FIELDS, field)) continue;
      const argument = `providers.${name}.${field}`;
      const known = Object.keys(FIELDS).join(', ');
      throw new InvalidArgumentError(`${argument}: unknown field, must be one of ${known}`, {
        argument,
      });
    }
  }
}

/** The option `providers` as the core takes it. */
export function resolveProviders(
  providers: Record<string, ProviderSettings>,
  variables: Variables,
): ProviderOptions[] {
  return Object.entries(record('providers', providers)).map(([name, settings]) =>
    resolveProvider(name, settings, variables[tokenUrlVariable(name)]),
  );
}

function resolveProvider(
  name: string,
  settings: unknown,
  tokenUrlOfVariable: string | undefined,
): ProviderOptions {
  const at = `providers.${name}`;
  const fields = record(at, settings);
  const { rotates } = fields;
  if (rotates !== undefined && typeof rotates !== 'boolean') {
    throw new InvalidArgumentError(`${at}.rotates: must be a boolean`, { argument: at });
  }
  const lifetime = `${at}.defaultExpiresIn`;
  const defaultExpiresInS = optionalNumber(lifetime, fields['defaultExpiresIn']);
  if (defaultExpiresInS !== undefined && !isPositiveInteger(defaultExpiresInS)) {
    throw new InvalidArgumentError(`${lifetime}: must be a positive integer`, {
      argument: lifetime,
    });
  }
  const deadGrant = deadGrantOf(`${at}.deadGrant`, fields['deadGrant']);
  const secrets = fields['clientSecret'];
  const tokenUrl = optionalText(`${at}.tokenUrl`, fields['tokenUrl']) ?? tokenUrlOfVariable;
  const revocationUrl = optionalText(`${at}.revocationUrl`, fields['revocationUrl']);
  const authentication = optionalText(`${at}.clientAuthentication`, fields['clientAuthentication']);
  return withoutPrototype({
    name,
    clientId: filled(`${at}.clientId`, fields['clientId']),
    clientSecrets:
      optionalTexts(`${at}.clientSecret`, typeof secrets === 'string' ? [secrets] : secrets)?.map(
        (secret) => filled(`${at}.clientSecret`, secret),
      ) ?? [],
    ...(tokenUrl ? { tokenUrl } : {}),
    ...(revocationUrl === undefined ? {} : { revocationUrl }),
    ...(authentication === undefined ? {} : { clientAuthentication: authentication }),
    ...(rotates === undefined ? {} : { rotates }),
    ...(defaultExpiresInS === undefined ? {} : { defaultExpiresInS }),
    ...(deadGrant === undefined ? {} : { deadGrant }),
  });
}

/** Whether the value fits into an unsigned 32-bit integer and is not 0. */
export function isPositiveInteger(value: number): boolean {
  return Number.isSafeInteger(value) && value > 0 && value <= 0xffffffff;
}

function filled(argument: string, value: unknown): string {
  const given = text(argument, value);
  if (given) return given;
  throw new InvalidArgumentError(`${argument}: must not be empty`, { argument });
}

/** `TOKENKEEP_MICROSOFT_TOKEN_URL` and the like. */
export function tokenUrlVariable(provider: string): string {
  return `TOKENKEEP_${provider.toUpperCase().replace(/[^A-Z0-9]/g, '_')}_TOKEN_URL`;
}
