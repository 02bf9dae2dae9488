/** Whether the application's Effect is the one that an entry is made for. */

import * as Effect from 'effect/Effect';
import { ConfigurationError } from 'tokenkeep';

/** Under this symbol Effect up to 3 has its version in every effect; Effect 4 has neither. */
const EFFECT_2_AND_3 = Symbol.for('effect/Effect');

/** The version of Effect up to 3, such as `3.10.0`; nothing for Effect 4. */
function versionUpTo3(): string | undefined {
  const effect = Effect.succeed(undefined) as { [EFFECT_2_AND_3]?: { _V?: string } };
  return effect[EFFECT_2_AND_3]?._V;
}

/** @throws ConfigurationError unless it is Effect 3.10 or a later 3 */
export function needEffect3(): void {
  const found = versionUpTo3();
  const [major = 0, minor = 0] = (found ?? '4').split('.').map(Number);
  if (major === 3 && minor >= 10) return;
  const other = found ? '' : ': for that there is tokenkeep/effect';
  throw new ConfigurationError(
    `tokenkeep/effect3 needs Effect 3.10 or later 3.x, and found Effect ${found ?? 4}${other}`,
  );
}

/** @throws ConfigurationError unless it is Effect 4 */
export function needEffect4(): void {
  const found = versionUpTo3();
  if (!found) return;
  const other = found.startsWith('3.') ? ': for 3.10 and later there is tokenkeep/effect3' : '';
  throw new ConfigurationError(
    `tokenkeep/effect needs Effect 4, and found Effect ${found}${other}`,
  );
}
