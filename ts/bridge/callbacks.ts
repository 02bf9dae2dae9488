/**
 * The application's callbacks: whatever they throw, reject with or return, the caller's work and the
 * process continue.
 */

/**
 * Calls a callback whose result is not used. If it throws or rejects, a warning that begins with `name` is
 * emitted.
 */
export function tell(name: string, callback: () => unknown): void {
  void settled(callback).catch((error: unknown) => {
    process.emitWarning(`${name} threw ${wordsOf(error)}`, 'TokenkeepWarning');
  });
}

async function settled(callback: () => unknown): Promise<void> {
  await callback();
}

/** An error's message; for anything without a readable one, its type. */
export function wordsOf(error: unknown): string {
  try {
    if (error instanceof Error && typeof error.message === 'string') return error.message;
  } catch {
    // A proxy or a getter threw.
  }
  return `a ${typeof error}`;
}

/** Like `instanceof`; false for a proxy that throws. */
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
