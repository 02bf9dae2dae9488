/** Several processes on one row: one request an expiry. */

import { expect, it } from 'vitest';
import { CREDENTIALS, useScene } from './scene';

const scene = useScene();

it('four processes with fifty callers each send one request an expiry', async () => {
  const client = await scene.client();
  const processes = await Promise.all(Array.from({ length: 4 }, () => scene.process()));
  const call = () =>
    Promise.all(
      processes.map((one) => one.calls(50, 'getAccessToken', client.id, 'zoho_crm', CREDENTIALS)),
    );
  for (let expiry = 1; expiry <= 5; expiry++) {
    await scene.expire(client);
    // Some of them answer late: the others have to wait for them.
    scene.endpoint.script([{ delayMs: expiry % 2 ? 0 : 300 }]);
    const answers = await call();
    expect(scene.endpoint.requests).toHaveLength(expiry);
    expect(new Set(answers.flat())).toEqual(new Set([(await scene.tokens(client)).accessToken]));
    await call();
    expect(scene.endpoint.requests).toHaveLength(expiry);
  }
});

it('they all learn that the grant is dead from one request', async () => {
  await scene.knownClient();
  const client = await scene.client();
  const processes = await Promise.all(Array.from({ length: 4 }, () => scene.process()));
  scene.endpoint.script(() => ({ status: 400, body: { error: 'invalid_code' }, delayMs: 200 }));
  const answers = await Promise.all(
    processes.map((one) => one.calls(50, 'getAccessToken', client.id, 'zoho_crm', CREDENTIALS)),
  );
  expect(scene.endpoint.requests).toHaveLength(1);
  for (const answer of answers.flat()) expect(answer).toMatch(/^failed: TokenRevokedError/);
  expect(await scene.row(client)).toMatchObject({ invalid_reason: 'invalid_code' });
});
