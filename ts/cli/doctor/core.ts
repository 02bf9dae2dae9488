/** The calls to the core. Loading this module loads the addon. */

import type { InstanceOptions, KeyFaults } from '../../../index';
import { bridge, call } from '../../bridge/bridge';
import { native } from '../../bridge/native';
import type { Findings, Store } from './findings';
import type { DescribedProvider } from './providers';

/** Reads what the checks need from the database; writes nothing. */
export async function examineDatabase(
  settings: InstanceOptions,
  stores: readonly Store[],
): Promise<Findings> {
  const names = [...stores];
  const found = await call<string>((id) => native.examineDatabase(bridge, id, settings, names));
  return JSON.parse(found) as Findings;
}

/** The HTTP status that a URL answers with, or why there was no answer. */
export function reachProvider(settings: InstanceOptions, url: string): Promise<number | string> {
  return call((id) => native.reachProvider(bridge, id, settings, url));
}

/** The providers that are described, or have a client in the environment. */
export function describedProviders({
  providers = [],
  allowInsecureRequests = false,
}: InstanceOptions): DescribedProvider[] {
  return providers.map((options) => {
    const { tokenUrl, issuer, error } = native.providerAddress(options, allowInsecureRequests);
    return { name: options.name, url: tokenUrl, issuer, error };
  });
}

/** What is wrong with each key. */
export function keyFaults(settings: InstanceOptions): KeyFaults {
  return native.keyFaults(settings);
}
