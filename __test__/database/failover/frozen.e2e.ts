/** The primary's machine is gone without a word, as in a cut network: whoever connects gets no answer. */

import { describe, expect, it } from 'vitest';
import { failureOf } from '../../helpers/promises';
import { PROVIDER, usePair } from './scene';

const scene = usePair();

describe('a primary that does not answer any more', () => {
  it('is given up for the standby that took its place, although it stands first in the URL', async () => {
    const { pair } = scene;
    const [[user, refreshToken]] = [...(await scene.users(1))] as [[string, string]];
    const url = pair.url('primary', 'read-write');
    const { integration } = scene.keep(url, { limitsDivisor: 10 });
    await integration.getToken(user, PROVIDER);
    pair.freeze();
    await pair.promote();
    // The connection that is open can only be seen to be of no use.
    expect(await failureOf(integration.getToken(user, PROVIDER))).toMatchObject({
      retryable: true,
    });
    expect(await integration.getToken(user, PROVIDER)).toMatchObject({ refreshToken });
    await integration.getValidToken(user, PROVIDER, { forceRefresh: true });
    const { newest, reuses } = scene.endpoint.familyOf(refreshToken)!;
    expect(reuses).toEqual([]);
    expect(await integration.getToken(user, PROVIDER)).toMatchObject({ refreshToken: newest });
  });
});
