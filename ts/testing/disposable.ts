/** `await using`, where there is such a thing: jest's realms lack the symbol. */

/** Has `await using` call `stop`. */
export function disposable<Target extends { stop(): Promise<void> }>(
  target: Target,
): Target & AsyncDisposable {
  if (Symbol.asyncDispose) {
    Object.defineProperty(target, Symbol.asyncDispose, { value: () => target.stop() });
  }
  return target as Target & AsyncDisposable;
}
