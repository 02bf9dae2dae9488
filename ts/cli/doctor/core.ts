/** The calls to the core. Loading this module loads the addon. */

import type { Bridge, InstanceOptions, KeyFaults } from '../../../index';
import { bridge, promised } from '../../bridge/bridge';
import { native } from '../../bridge/native';
import type { Findings, Store } from './findings';

const examine = promised<string, Bridge, [InstanceOptions, string[]]>(native.examineDatabase);
const reach = promised<number | string, Bridge, [InstanceOptions, string]>(native.reachProvider);

/** Reads what the checks need from the database; writes nothing. */
export async function examineDatabase(
  settings: InstanceOptions,
  stores: readonly Store[],
): Promise<Findings> {
  return JSON.parse(await examine(bridge, settings, [...stores])) as Findings;
}

/** The HTTP status that a URL answers with, or why there was no answer. */
export function reachProvider(settings: InstanceOptions, url: string): Promise<number | string> {
  return reach(bridge, settings, url);
}

/** What is wrong with each key. */
export function keyFaults(settings: InstanceOptions): KeyFaults {
  return native.keyFaults(settings);
}
