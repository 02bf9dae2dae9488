/** A table on which a trigger of the application's sets `updated_at`, while old instances run. */

import { describe, expect, it } from 'vitest';
import { type User, useScene } from '../helpers/scene';

const scene = useScene();

/** What people write into such a trigger; the first is the extension moddatetime's. */
const MOMENTS = [
  'now()',
  "date_trunc('second', now())",
  'now()::timestamptz(0)',
  'statement_timestamp()',
  'clock_timestamp()',
];

async function setTrigger(moment: string): Promise<void> {
  await scene.database.client.query(
    `CREATE OR REPLACE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN NEW.updated_at = ${moment}; RETURN NEW; END $$;
     CREATE OR REPLACE TRIGGER touch BEFORE UPDATE ON gmail_tokens
       FOR EACH ROW EXECUTE FUNCTION touch()`,
  );
}

/** As if the row had last been written, and locked, so many seconds earlier; its token has run out. */
async function age(user: User, seconds: number): Promise<void> {
  await scene.database.client.query('ALTER TABLE gmail_tokens DISABLE TRIGGER touch');
  await scene.database.client.query(
    `UPDATE gmail_tokens SET refreshing_at = refreshing_at - $2 * interval '1 second',
       updated_at = updated_at - $2 * interval '1 second', expires_at = clock_timestamp()
     WHERE user_id = $1`,
    [user.id, seconds],
  );
  await scene.database.client.query('ALTER TABLE gmail_tokens ENABLE TRIGGER touch');
}

describe.each(MOMENTS)('a trigger that sets updated_at to %s, in a mixed fleet', (moment) => {
  it('does not make what a commit leaves behind look like the lease of somebody', async () => {
    const user = await scene.user();
    await setTrigger(moment);
    const keep = scene.keep({ mixedFleet: true, waitMs: 2_000 });
    for (const count of [1, 2, 3]) {
      await keep.gmail.getValidGmailToken(user.id);
      expect(scene.endpoint.requests).toHaveLength(count);
      await age(user, 31);
    }
  });

  it('does not make a lease look like what a commit leaves behind', async () => {
    const user = await scene.user();
    await setTrigger(moment);
    scene.endpoint.script([{ drop: 'before' }]);
    const keep = scene.keep({ mixedFleet: true, limitsDivisor: 10, waitMs: 3_000 });
    await expect(keep.gmail.getValidGmailToken(user.id)).rejects.toMatchObject({
      name: 'RefreshOutcomeUnknownError',
    });
    await age(user, 31);
    const other = scene.keep({ mixedFleet: true, waitMs: 1_000 });
    await expect(other.gmail.getValidGmailToken(user.id)).rejects.toMatchObject({
      name: 'RefreshTimeoutError',
    });
    expect(scene.endpoint.requests).toHaveLength(1);
  });
});
