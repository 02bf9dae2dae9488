/** Checks that the application's version of Effect fits the entry. */

import * as Effect from 'effect/Effect';
import { ConfigurationError } from 'tokenkeep';

/** Up to Effect 3, every effect has its version under this symbol. */
const EFFECT_2_AND_3 = Symbol.for('effect/Effect');

/** The version of Effect, such as `3.10.0`; `undefined` for Effect 4. */
function versionUpTo3(): string | undefined {
  const effect = Effect.succeed(undefined) as { [EFFECT_2_AND_3]?: { _V?: string } };
  return effect[EFFECT_2_AND_3]?._V;
}

/** @throws {ConfigurationError} unless it is Effect 3.10 or a later 3.x */
export function needEffect3(): void {
  const found = versionUpTo3();
  const [major = 0, minor = 0] = (found ?? '4').split('.').map(Number);
  if (major === 3 && minor >= 10) return;
  const advice = found ? '' : '. Use tokenkeep/effect instead';
  throw new ConfigurationError(
    `tokenkeep/effect3 requires Effect 3.10 or a later 3.x, but found Effect ${found ?? 4}${advice}`,
  );
}

/** @throws {ConfigurationError} unless it is Effect 4 */
export function needEffect4(): void {
  const found = versionUpTo3();
  if (!found) return;
  const advice = found.startsWith('3.') ? '. For 3.10 and later, use tokenkeep/effect3' : '';
  throw new ConfigurationError(
    `tokenkeep/effect requires Effect 4, but found Effect ${found}${advice}`,
  );
}
