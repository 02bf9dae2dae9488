/** Reads fields and variables safely when `Object.prototype` is polluted. */

/**
 * A view of an object without the fields of `Object.prototype`, of any realm. Own fields and those of its
 * class, such as getters, are visible. Each access reads the field again.
 */
export function fieldsOf<Target extends object>(target: Target): Target {
  return new Proxy(target, OWN as ProxyHandler<Target>);
}

const OWN: ProxyHandler<object> = {
  get: (target, name) =>
    Object.hasOwn(target, name) || inherits(target, name) ? Reflect.get(target, name) : undefined,
};

/** Whether a class of the object has the field. */
function inherits(target: object, name: string | symbol): boolean {
  for (let at: object | null = Object.getPrototypeOf(target); at !== null;) {
    const above: object | null = Object.getPrototypeOf(at);
    // The end of the chain is an Object.prototype.
    if (Object.hasOwn(at, name)) return above !== null;
    at = above;
  }
  return false;
}

/** A copy without a prototype, for the core, which reads inherited fields, too. */
export function withoutPrototype<Fields extends object>(fields: Fields): Fields {
  return Object.assign(Object.create(null), fields);
}

/** An environment variable, as it is now. Unlike `process.env`, it does not inherit `Object.prototype`. */
export function variableOf(name: string): string | undefined {
  const { env } = process;
  const value = env[name];
  // A second lookup only for names that can be inherited: it would double the cost.
  const isOwn = value === undefined || !(name in Object.prototype);
  return isOwn || Object.hasOwn(env, name) ? value : undefined;
}
