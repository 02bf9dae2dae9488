/** The ledger that the fault tests are judged by: what it must see, and what it must forgive. */

import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { until } from '../helpers/promises';
import { readLedger } from './ledger.mjs';
import { insert, type User } from './rows.mjs';
import { openScene, type Scene } from './scene.mjs';

let scene: Scene;
let user: User;

beforeAll(async () => {
  scene = await openScene();
});
afterAll(() => scene.close());
beforeEach(async () => {
  scene.endpoint.script([]);
  [user] = (await scene.connect(1)) as [User];
});

/** A process that spends the user's refresh token; what it gets is stored by nobody. */
async function spend(token = user.refreshToken): Promise<string | undefined> {
  const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: token });
  const answer = await fetch(scene.endpoint.url, { method: 'POST', body }).catch(() => undefined);
  return ((await answer?.json()) as { refresh_token?: string } | undefined)?.refresh_token;
}

const remove = () => scene.database.query('DELETE FROM gmail_tokens WHERE user_id = $1', [user.id]);

/** Puts a refresh token into the row. */
async function store(refreshToken: string): Promise<void> {
  await remove();
  await insert(scene.database, { ...user, refreshToken });
}

const clean = { rows: 1, lost: 0, doubles: 0, inherentCount: 0, wrongDeletions: 0, findings: [] };

describe('the ledger', () => {
  it('finds nothing when nothing was refreshed, and when what was is stored', async () => {
    expect(await scene.ledger([user])).toEqual(clean);
    await store((await spend())!);
    expect(await scene.ledger([user])).toEqual(clean);
  });

  it('sees a token that was delivered and not stored', async () => {
    await spend();
    expect(await scene.ledger([user])).toMatchObject({ lost: 1, inherentCount: 0 });
  });

  it('forgives one whose answer the network lost, and one whose process was killed', async () => {
    scene.endpoint.script([{ drop: 'after' }]);
    await spend();
    expect(await scene.ledger([user])).toMatchObject({ lost: 0, inherentCount: 1 });
    [user] = (await scene.connect(1)) as [User];
    await spend();
    const killed = { unreceived: () => true };
    expect(await scene.ledger([user], killed)).toMatchObject({ lost: 0, inherentCount: 1 });
  });

  it('forgives one whose process hung up before the answer came', async () => {
    let hungUp!: () => void;
    const gone = new Promise<undefined>((resolve) => (hungUp = () => resolve(undefined)));
    const socket = connect(Number(new URL(scene.endpoint.url).port), '127.0.0.1');
    const closed = once(socket, 'close');
    scene.endpoint.script(() => {
      socket.destroy();
      void closed.then(hungUp);
      return gone;
    });
    const body = `grant_type=refresh_token&refresh_token=${user.refreshToken}`;
    socket.write(
      `POST /token HTTP/1.1\r\nhost: a\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
    await gone;
    await until(() => scene.endpoint.familyOf(user.refreshToken)!.exchanges.length === 1);
    // Another request, after which the endpoint is done with this one.
    scene.endpoint.script([]);
    await spend(scene.endpoint.issue().refreshToken);
    expect(await scene.ledger([user])).toMatchObject({ lost: 0, inherentCount: 1 });
  });

  it('sees a token that is spent again', async () => {
    await store((await spend())!);
    await spend();
    expect(await scene.ledger([user])).toMatchObject({ doubles: 1, inherentCount: 0 });
  });

  it('forgives that after a lost answer, and when it is the request that was held up', async () => {
    scene.endpoint.script([{ drop: 'after' }]);
    await spend();
    await spend();
    expect(await scene.ledger([user])).toMatchObject({ doubles: 0, lost: 0, inherentCount: 1 });
    [user] = (await scene.connect(1)) as [User];
    await spend();
    await spend();
    const late = { overdue: () => true };
    expect(await scene.ledger([user], late)).toMatchObject({ doubles: 0, inherentCount: 1 });
  });

  it('sees a row deleted under a living grant, and none under one that its user revoked', async () => {
    await remove();
    expect(await scene.ledger([user])).toMatchObject({ wrongDeletions: 1 });
    scene.endpoint.revoke(user.refreshToken);
    expect(await scene.ledger([user])).toEqual(clean);
  });

  it('does not know a grant of somebody else', async () => {
    const { endpoint, database } = scene;
    const stranger = { ...user, refreshToken: 'of another provider' };
    await expect(readLedger({ endpoint, database, users: [stranger] })).rejects.toThrow('grant');
  });
});
