/** The tenant of calls, which each transaction sets for row-level security. */

import { AsyncLocalStorage } from 'node:async_hooks';
import type { Instance } from '../../index';
import type { InstanceHandle } from '../bridge/native';
import { text } from '../input/arguments';
import { InvalidArgumentError } from '../errors/errors';

/** The same limit as for IDs. */
const TENANT_MAX_BYTES = 1024;

/** A tenant, and its views of native instances. A view must be kept as long as its handle. */
export class Tenant {
  readonly #id: string;
  readonly #views = new WeakMap<
    Instance,
    { readonly view: Instance; readonly handle: InstanceHandle }
  >();

  constructor(id: string) {
    this.#id = checkTenant(id);
  }

  /** The handle of the view of a native instance for this tenant. */
  of(instance: Instance): InstanceHandle {
    const known = this.#views.get(instance);
    if (known) return known.handle;
    const view = instance.forTenant(this.#id);
    const { handle } = view;
    this.#views.set(instance, { view, handle });
    return handle;
  }
}

const storage = new AsyncLocalStorage<Tenant | undefined>();

/** The tenant of the innermost {@link withTenant}. */
export function currentTenant(): Tenant | undefined {
  return storage.getStore();
}

/**
 * Runs a function for a tenant: every call of tokenkeep in it, including asynchronous ones, sets
 * `app.current_tenant_id` in its transaction, for row-level security. With `null`, the function runs without
 * a tenant. Returns the function's result.
 * @throws {InvalidArgumentError} if the ID is not a string of 1 byte to 1 KiB
 */
export function withTenant<Result>(tenantId: string | null, fn: () => Result): Result {
  if (tenantId !== null) return storage.run(new Tenant(tenantId), fn);
  // On Node 20, using the storage once makes all promises slower.
  return storage.getStore() ? storage.run(undefined, fn) : fn();
}

/** Returns the ID if it is valid. */
export function checkTenant(id: string): string {
  const argument = 'tenantId';
  const given = text(argument, id);
  const bytes = Buffer.byteLength(given);
  if (bytes === 0 || bytes > TENANT_MAX_BYTES || given.includes('\0')) {
    throw new InvalidArgumentError(
      `${argument}: must have 1 to ${TENANT_MAX_BYTES} bytes and no NUL byte`,
      { argument },
    );
  }
  return given;
}
