/** `tokenkeep doctor`: checks the set-up of an application, and says how to fix what is wrong. */

import { type Check, warning } from './doctor/check';
import { addressCheck } from './doctor/connection';
import { databaseChecks } from './doctor/database';
import { addonCheck, nodeCheck, variablesCheck } from './doctor/environment';
import type { Findings, Store } from './doctor/findings';
import { keyChecks } from './doctor/keys';
import { providerChecks } from './doctor/providers';
import { hasColour, report } from './doctor/report';
import { configuredStores, storesWithTables } from './doctor/stores';
import { STORE_NAMES } from '../stores/registry';
import type * as Core from './doctor/core';
import type { InstanceOptions } from '../../index';
import { withoutPrototype } from '../input/fields';
import { Settings, checkOptions } from '../settings/settings';
import { configuredOptions } from './config-file';

interface Values {
  store: Store[] | undefined;
  schema: string | undefined;
  offline: boolean | undefined;
  json: boolean | undefined;
}

/** What to check. */
interface Request {
  stores: Store[] | undefined;
  schema: string | undefined;
  isOffline: boolean;
}

/** Prints the checks. Exits with 1 when one of them is a problem. */
export async function doctor({ store, schema, offline, json }: Values): Promise<void> {
  // In the order of the checks, whatever the order of the names.
  const stores = store && STORE_NAMES.filter((each) => store.includes(each));
  const checks = await examine({ stores, schema, isOffline: offline === true });
  const isOk = checks.every(({ status }) => status !== 'problem');
  const text = json
    ? `${JSON.stringify({ ok: isOk, checks })}\n`
    : report(checks, hasColour(process.stdout, process.env));
  process.stdout.write(text);
  if (!isOk) process.exitCode = 1;
}

async function examine(request: Request): Promise<Check[]> {
  const { version } = require('../../package.json') as { version: string };
  const checks = [nodeCheck(process.versions.node)];
  let core: typeof Core;
  try {
    core = require('./doctor/core') as typeof Core;
  } catch (failure) {
    return [...checks, addonCheck(version, failure)];
  }
  return [...checks, addonCheck(version), ...(await examineWith(core, request))];
}

async function examineWith(core: typeof Core, request: Request): Promise<Check[]> {
  let settings: InstanceOptions;
  let findings: Findings;
  const configured = request.stores ?? configuredStores(withoutPrototype(process.env));
  try {
    const options = await configuredOptions(request.schema);
    checkOptions(options);
    settings = new Settings(withoutPrototype(options)).resolve();
  } catch (error) {
    return [variablesCheck(error)];
  }
  const reach = request.isOffline ? undefined : (url: string) => core.reachProvider(settings, url);
  const plaintext = {
    isWritten: settings.sealing === 'off',
    isRefused: settings.requireSealed === true,
  };
  const variables = variablesCheck();
  const env = withOptions(process.env, settings);
  const beside = async (stores: Store[]): Promise<Check[]> => [
    ...keyChecks(stores, core.keyFaults(settings), plaintext),
    ...(await providerChecks(stores, env, reach, core.describedProviders(settings))),
  ];
  try {
    findings = await core.examineDatabase(settings, request.stores ?? [...STORE_NAMES]);
  } catch (error) {
    return [variables, addressCheck(error), ...(await beside(configured))];
  }
  const stores = request.stores ?? implied(findings, configured);
  const isMixedFleet = settings.mixedFleet === true;
  const tellsUser = settings.jwtClaims === true;
  const checks = databaseChecks(findings, { stores, plaintext, isMixedFleet, tellsUser });
  if (findings.database && stores.length === 0) checks.push(noStore());
  return [variables, ...checks, ...(await beside(stores))];
}

/** The variables, with what the configuration file sets in their place. */
function withOptions(env: NodeJS.ProcessEnv, settings: InstanceOptions): NodeJS.ProcessEnv {
  const given = {
    GOOGLE_CLIENT_ID: settings.googleClientId,
    GOOGLE_CLIENT_SECRET: settings.googleClientSecret,
    TOKENKEEP_GOOGLE_TOKEN_URL: settings.googleTokenUrl,
    TOKENKEEP_ZOHO_TOKEN_URL: settings.zohoTokenUrl,
    ZOHO_REFRESH_TOKEN: settings.zohoRefreshToken,
    TOKENKEEP_ALLOW_INSECURE_REQUESTS: settings.allowInsecureRequests ? '1' : undefined,
  };
  const isSet = ([, value]: [string, string | undefined]): boolean => value !== undefined;
  return withoutPrototype({ ...env, ...Object.fromEntries(Object.entries(given).filter(isSet)) });
}

function implied(findings: Findings, configured: Store[]): Store[] {
  const there = findings.database ? storesWithTables(findings.database) : [];
  return STORE_NAMES.filter((store) => configured.includes(store) || there.includes(store));
}

function noStore(): Check {
  return warning(
    'stores',
    'There is no table of tokenkeep, and no variable that only one store reads is set.',
    'Run: npx tokenkeep migrate --store integration, which is the store for a new application, or name another store. To check a store before its table is there: npx tokenkeep doctor --store integration.',
  );
}
