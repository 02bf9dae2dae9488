/** Makes `await using` call `stop`, if the realm has `Symbol.asyncDispose`: those of jest do not. */
export function disposable<Target extends { stop(): Promise<void> }>(
  target: Target,
): Target & AsyncDisposable {
  if (Symbol.asyncDispose) {
    Object.defineProperty(target, Symbol.asyncDispose, { value: () => target.stop() });
  }
  return target as Target & AsyncDisposable;
}
