/**
 * The application's callbacks: whatever they throw, reject with or return, the caller's work goes on
 * and the process, too.
 */

/**
 * Calls a callback of which nothing is wanted; also what it rejects with, or what odd thing it returns,
 * is only a warning that begins with `name`.
 */
export function tell(name: string, callback: () => unknown): void {
  void settled(callback).catch((error: unknown) => {
    process.emitWarning(`${name} threw ${wordsOf(error)}`, 'TokenkeepWarning');
  });
}

async function settled(callback: () => unknown): Promise<void> {
  await callback();
}

/** An error's message; of what has none, or throws when it is looked at, what it is. */
export function wordsOf(error: unknown): string {
  try {
    if (error instanceof Error && typeof error.message === 'string') return error.message;
  } catch {
    // A proxy, or a getter, that throws.
  }
  return `a ${typeof error}`;
}

/** As `instanceof`, also of a proxy that throws. */
export function isA<Class>(
  value: unknown,
  ofClass: abstract new (...args: never[]) => Class,
): value is Class {
  try {
    return value instanceof ofClass;
  } catch {
    return false;
  }
}
