/** `tokenkeep doctor`: what is wrong with an application's set-up, and how to fix it. */

import { type Check, warning } from './doctor/check';
import { addressCheck } from './doctor/connection';
import { databaseChecks } from './doctor/database';
import { addonCheck, nodeCheck, variablesCheck } from './doctor/environment';
import type { Findings, Store } from './doctor/findings';
import { keyChecks } from './doctor/keys';
import { providerChecks } from './doctor/providers';
import { hasColour, report } from './doctor/report';
import { STORES, configuredStores, namedStores, storesWithTables } from './doctor/stores';
import type * as Core from './doctor/core';
import type { InstanceOptions } from '../../index';
import { bare } from '../input/fields';
import { read, resolve } from '../settings/settings';
import { flags } from './usage';

interface Asked {
  stores: Store[] | undefined;
  schema: string | undefined;
  isOffline: boolean;
}

/** Prints what it found. Exits with 1 when something does not work. */
export async function doctor(args: string[]): Promise<void> {
  const { values } = flags(args, {
    store: { type: 'string', multiple: true },
    schema: { type: 'string' },
    offline: { type: 'boolean' },
    json: { type: 'boolean' },
  });
  const stores = namedStores(values.store);
  const checks = await examine({
    stores,
    schema: values.schema,
    isOffline: values.offline === true,
  });
  const isOk = checks.every(({ status }) => status !== 'problem');
  const text = values.json
    ? `${JSON.stringify({ ok: isOk, checks })}\n`
    : report(checks, hasColour(process.stdout, process.env));
  process.stdout.write(text);
  if (!isOk) process.exitCode = 1;
}

async function examine(asked: Asked): Promise<Check[]> {
  const { version } = require('../../package.json') as { version: string };
  const checks = [nodeCheck(process.versions.node)];
  let core: typeof Core;
  try {
    core = require('./doctor/core') as typeof Core;
  } catch (failure) {
    return [...checks, addonCheck(version, failure)];
  }
  return [...checks, addonCheck(version), ...(await examineWith(core, asked))];
}

async function examineWith(core: typeof Core, asked: Asked): Promise<Check[]> {
  let settings: InstanceOptions;
  let findings: Findings;
  const configured = asked.stores ?? configuredStores(bare(process.env));
  try {
    const options = asked.schema === undefined ? {} : { schema: asked.schema };
    settings = resolve(options, read(options));
  } catch (error) {
    return [variablesCheck(error)];
  }
  const reach = asked.isOffline ? undefined : (url: string) => core.reachProvider(settings, url);
  const plaintext = {
    isWritten: settings.sealing === 'off',
    isRefused: settings.requireSealed === true,
  };
  const variables = variablesCheck();
  const beside = async (stores: Store[]): Promise<Check[]> => [
    ...keyChecks(stores, core.keyFaults(settings), plaintext),
    ...(await providerChecks(stores, bare(process.env), reach)),
  ];
  try {
    findings = await core.examineDatabase(settings, asked.stores ?? STORES);
  } catch (error) {
    return [variables, addressCheck(error), ...(await beside(configured))];
  }
  const stores = asked.stores ?? implied(findings, configured);
  const isMixedFleet = settings.mixedFleet === true;
  const tellsUser = settings.jwtClaims === true;
  const checks = databaseChecks(findings, { stores, plaintext, isMixedFleet, tellsUser });
  if (findings.database && stores.length === 0) checks.push(noStore());
  return [variables, ...checks, ...(await beside(stores))];
}

function implied(findings: Findings, configured: Store[]): Store[] {
  const there = findings.database ? storesWithTables(findings.database) : [];
  return STORES.filter((store) => configured.includes(store) || there.includes(store));
}

function noStore(): Check {
  return warning(
    'stores',
    'None of tokenkeep’s tables is there, and no variable names a store.',
    'Run: npx tokenkeep migrate --store gmail, or another store. Or name what to look at: --store gmail',
  );
}
