/**
 * The configuration of the commands: `tokenkeep.config.mjs`, `.js`, `.ts` or `.json` in the current folder, with the
 * options of `createTokenKeep`, so that application and commands share one.
 */

import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ConfigurationError } from '../errors/errors';
import type * as Instance from '../instance/instance';
import type { TokenKeep } from '../instance/instance';
import type { TokenKeepOptions } from '../settings/options';

const NAMES: readonly string[] = ['mjs', 'js', 'ts', 'json'].map(
  (end) => `tokenkeep.config.${end}`,
);

/** The instance of a command; a schema that the command names comes first. */
export async function configuredInstance(schema: string | undefined): Promise<TokenKeep> {
  const { createTokenKeep } = require('../instance/instance') as typeof Instance;
  return createTokenKeep(await configuredOptions(schema));
}

/** The options in the file, and the schema. */
export async function configuredOptions(schema: string | undefined): Promise<TokenKeepOptions> {
  const options = await fileOptions();
  return schema === undefined ? options : { ...options, schema };
}

/** None if there is no file. */
async function fileOptions(): Promise<TokenKeepOptions> {
  const [name, other] = NAMES.filter((file) => existsSync(file));
  if (name === undefined) return {};
  if (other !== undefined) refuse(name, `there is ${other}, too. Keep one of them`);
  const options: unknown = await load(name);
  if (typeof options === 'object' && options !== null && !Array.isArray(options)) return options;
  return refuse(name, 'must export an object with the options of createTokenKeep by default');
}

async function load(name: string): Promise<unknown> {
  const path = resolve(name);
  try {
    if (name.endsWith('.json')) return parsed(name, await readFile(path, 'utf8'));
    const exported = (await import(pathToFileURL(path).href)) as { default?: unknown };
    return exported.default;
  } catch (error) {
    if (error instanceof ConfigurationError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    const isOld = name.endsWith('.ts') && reason.includes('Unknown file extension');
    return refuse(
      name,
      isOld
        ? 'needs Node 22.18 or newer, which reads TypeScript. Use tokenkeep.config.mjs'
        : `cannot be loaded: ${reason}`,
    );
  }
}

/** Without the text of the error, which repeats a part of the file. */
function parsed(name: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return refuse(name, 'is not valid JSON');
  }
}

function refuse(option: string, reason: string): never {
  throw new ConfigurationError(`${option}: ${reason}`, { option });
}
