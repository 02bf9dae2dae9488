import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { KEY, OTHER_KEY } from '../helpers/database';
import { BEFORE, BOTH, fill, keepWith, rotate, scene, useKeysScene } from './keys-scene';

useKeysScene();

describe('rotate({ retire })', () => {
  it('says that nothing needs the key once nothing does', async () => {
    await fill(keepWith(BEFORE), 1);
    const { retire } = await keepWith(BOTH).rotate({ store: 'zoho', retire: 1 });
    expect(retire).toMatchObject({ key: '1', variables: ['TOKENKEEP_KEY'] });
    // The other stores of the same variable are looked at, although they were not rotated.
    expect(retire?.neededBy).toEqual([
      { where: 'calendar', key: '1', rows: 1 },
      { where: 'integration', key: '1', rows: 1 },
    ]);
    expect((await keepWith(BOTH).rotate({ retire: 1 })).retire).toEqual({
      key: '1',
      variables: ['GMAIL_ENCRYPTION_KEY', 'TOKENKEEP_KEY'],
      neededBy: [],
    });
    expect((await keepWith(BOTH).rotate({ retire: 'previous' })).retire).toEqual({
      key: 'previous',
      variables: ['ENCRYPTION_SECRET'],
      neededBy: [],
    });
  });

  it('takes the word of no tenant, who sees only some rows', async () => {
    const keep = keepWith(BOTH);
    const asked = keep.forTenant('acme').rotate({ retire: 1 });
    await expect(asked).rejects.toMatchObject({ argument: 'retire' });
    await expect(keep.forTenant('acme').rotate({ store: 'zoho' })).resolves.toBeDefined();
  });

  it('finds what a process that has the old key first has stored since', async () => {
    await fill(keepWith(BEFORE), 1);
    await rotate();
    const late = keepWith({ tokenkeepKey: `1:${KEY},2:${OTHER_KEY}` });
    await late.zoho.storeTokens('late', 'zoho_crm', { refreshToken: 'r' });
    const { retire } = await keepWith(BOTH).rotate({ store: 'zoho', retire: 1, dryRun: true });
    expect(retire?.neededBy).toEqual([{ where: 'zoho', key: '1', rows: 1 }]);
  });

  it('keeps the key as long as a connect link is signed with it', async () => {
    const link = await keepWith(BEFORE).connector.link('calendar', { userId: randomUUID() });
    const both = keepWith(BOTH);
    const { pending, retire } = await both.rotate({ store: 'calendar', retire: 1 });
    const use = { where: 'tokenkeep.oauth_state', key: '1', rows: 1, until: expect.any(Date) };
    expect(pending).toEqual([use]);
    expect(retire?.neededBy).toEqual([use]);
    const left = Number(pending[0]!.until) - Date.now();
    expect(left).toBeGreaterThan(23 * 3_600_000);
    expect(left).toBeLessThan(25 * 3_600_000);
    // It still works, after the rotation.
    await both.connector.checkLink('calendar', link);
    await scene.database.client.query(`UPDATE tokenkeep.oauth_state SET expires_at = now()`);
    const later = await both.rotate({ store: 'calendar', retire: 1 });
    expect(later.retire?.neededBy).toEqual([]);
    await keepWith(BOTH).connector.link('calendar', { userId: randomUUID() });
    expect((await both.rotate({ store: 'calendar', retire: 1 })).pending).toEqual([]);
  });
});
