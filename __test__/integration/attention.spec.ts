/** A connection whose refreshes fail in the same way for long. */

import { describe, expect, it } from 'vitest';
import { useScene } from './scene';

const scene = useScene();

/** A connection that has failed once with this answer, so many hours ago. */
async function failing(step: object, hours: number) {
  const keep = scene.keep();
  const { userId } = await scene.user(keep);
  scene.endpoint.script(() => step);
  await keep.integration.getValidToken(userId, 'acme').catch(() => undefined);
  // Its failure is told to the table off the path of the caller.
  await keep.close();
  await scene.database.client.query(
    `UPDATE tokenkeep.refresh_state SET failing_since = failing_since - $2 * interval '1 hour'
     WHERE key = ARRAY[$1, 'acme']`,
    [userId, hours],
  );
  return userId;
}

const status = (userId: string) => scene.keep().integration.connectionStatus(userId, 'acme');

const REFUSED = { status: 400, body: { error: 'invalid_scope' } };
const AWAY = { status: 503, body: {} };

describe('connectionStatus', () => {
  it.each([
    ['refused', REFUSED],
    ['provider_unavailable', AWAY],
  ])('says %s, and since when, for less than a day', async (reason, step) => {
    const userId = await failing(step, 23);
    const { failingSince, ...told } = (await status(userId)) as { failingSince: Date };
    expect(told).toMatchObject({ active: false, reason });
    const hours = (Date.now() - Number(failingSince)) / 3_600_000;
    expect(hours).toBeGreaterThan(22.9);
    expect(hours).toBeLessThan(23.5);
  });

  it.each([
    ['refused', REFUSED],
    ['away', AWAY],
  ])('asks for attention when a provider has %s for over a day', async (_, step) => {
    const userId = await failing(step, 25);
    expect(await status(userId)).toMatchObject({ active: false, reason: 'needs_attention' });
    // Another failure than before begins anew.
    scene.endpoint.script(() => ({ status: 429, body: {} }));
    await scene.database.client.query(
      `UPDATE tokenkeep.refresh_state SET retry_at = clock_timestamp() WHERE key[1] = $1`,
      [userId],
    );
    const keep = scene.keep();
    await keep.integration.getValidToken(userId, 'acme').catch(() => undefined);
    await keep.close();
    expect(await status(userId)).toMatchObject({ reason: 'provider_unavailable' });
  });

  it('has forgotten it when the connection works again', async () => {
    const userId = await failing(REFUSED, 25);
    const keep = scene.keep();
    const token = { ...scene.endpoint.issue(), expiresAt: new Date(Date.now() + 3_600_000) };
    await keep.integration.storeToken(userId, 'acme', token);
    expect(await status(userId)).toMatchObject({ active: true });
    await scene.change(userId, `expires_at = now() - interval '1 minute'`);
    const told = await status(userId);
    expect(told).toMatchObject({ active: false, reason: 'refused' });
    await keep.close();
  });

  it('says what it knows where the tables are missing', async () => {
    const userId = await failing(REFUSED, 25);
    await scene.database.client.query('ALTER TABLE tokenkeep.refresh_state RENAME TO elsewhere');
    const told = await status(userId);
    await scene.database.client.query('ALTER TABLE tokenkeep.elsewhere RENAME TO refresh_state');
    expect(told).toMatchObject({ active: false, reason: 'refused' });
    expect(told).not.toHaveProperty('failingSince');
  });
});
