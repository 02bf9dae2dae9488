/** Whose rows calls are about: what row-level security is told, for one transaction each. */

import { AsyncLocalStorage } from 'node:async_hooks';
import type { Instance } from '../../index';
import { text } from '../input/arguments';
import { InvalidArgumentError } from '../errors/errors';

/** As long as any other text of a column without a length of its own. */
const TENANT_MAX_BYTES = 1024;

/** A tenant, and the native instances that work for it. */
export class Tenant {
  readonly #id: string;
  readonly #instances = new WeakMap<Instance, Instance>();

  constructor(id: string) {
    this.#id = checkTenant(id);
  }

  /** The native instance, for this tenant. */
  of(instance: Instance): Instance {
    let ours = this.#instances.get(instance);
    if (!ours) this.#instances.set(instance, (ours = instance.forTenant(this.#id)));
    return ours;
  }
}

const storage = new AsyncLocalStorage<Tenant | undefined>();

/** The tenant of the innermost {@link withTenant}. */
export function currentTenant(): Tenant | undefined {
  return storage.getStore();
}

/**
 * Runs a function for a tenant: every call of tokenkeep in it, and in what it awaits, tells
 * row-level security so, as `app.current_tenant_id` of its own transaction. `null` runs it without.
 * Gives what the function returns.
 * @throws {InvalidArgumentError} for an id that is no text of 1 byte to 1 KiB
 */
export function withTenant<Result>(tenantId: string | null, fn: () => Result): Result {
  if (tenantId !== null) return storage.run(new Tenant(tenantId), fn);
  // On Node 20 promises cost more once this storage was used.
  return storage.getStore() ? storage.run(undefined, fn) : fn();
}

/** The id, when row-level security can be told it. */
export function checkTenant(id: string): string {
  const argument = 'tenantId';
  const given = text(argument, id);
  const bytes = Buffer.byteLength(given);
  if (bytes === 0 || bytes > TENANT_MAX_BYTES || given.includes('\0')) {
    throw new InvalidArgumentError(
      `${argument}: must be 1 to ${TENANT_MAX_BYTES} bytes, without a NUL byte`,
      { argument },
    );
  }
  return given;
}
