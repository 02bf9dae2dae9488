/**
 * Reads objects and variables of others by what they have themselves. What stands on
 * `Object.prototype`, where anything in the process can have put it, is no option of anybody's.
 */

/**
 * The object by the fields that it, or its class, has: an option counts when the object has it, also by
 * a getter of its class, and never by `Object.prototype`, of whichever realm. Fields are read when they
 * are asked for.
 */
export function fieldsOf<Target extends object>(target: Target): Target {
  return new Proxy(target, OWN as ProxyHandler<Target>);
}

const OWN: ProxyHandler<object> = {
  get: (target, name) => (has(target, name) ? Reflect.get(target, name) : undefined),
};

function has(target: object, name: string | symbol): boolean {
  for (let at: object | null = target; at !== null;) {
    const above: object | null = Object.getPrototypeOf(at);
    // What has nothing above it is an Object.prototype, unless it is the object itself.
    if (Object.hasOwn(at, name)) return above !== null || at === target;
    at = above;
  }
  return false;
}

/** An object without a prototype: for what the core reads, which looks at prototypes, too. */
export function bare<Fields extends object>(fields: Fields): Fields {
  return Object.assign(Object.create(null), fields);
}

/** The variables of the process as they are now: `process.env` has `Object.prototype`, too. */
export const env: Readonly<Record<string, string | undefined>> = new Proxy(
  {},
  { get: (_, name) => (typeof name === 'string' ? variableOf(name) : undefined) },
);

/** One of {@link env}; the shorter way for what is read in every call. */
export function variableOf(name: string): string | undefined {
  const value = process.env[name];
  // Asking for each whether it is there would cost as much again: only what can be inherited.
  const isOwn = value === undefined || !(name in Object.prototype);
  return isOwn || Object.hasOwn(process.env, name) ? value : undefined;
}
