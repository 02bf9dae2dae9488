/** Callers with other OAuth clients: refresh tasks of their own, and still one request at a time. */

import { expect, it } from 'vitest';
import { newGate } from '../helpers/promises';
import { CREDENTIALS, useScene } from './scene';

const scene = useScene();
const OTHERS = ['one', 'two', 'three'].map((clientId) => ({ clientId, clientSecret: 'secret' }));

it('never send the same refresh token at the same time, and share what comes of it', async () => {
  const client = await scene.client();
  const keeps = [scene.keep(), scene.keep({ maxConnections: 3 })];
  let underWay = 0;
  const { open, opened } = newGate();
  scene.endpoint.script(async () => {
    expect(++underWay).toBe(1);
    await opened;
    underWay--;
    return undefined;
  });
  const calls = keeps.flatMap(({ zoho }) =>
    [CREDENTIALS, ...OTHERS].map((credentials) =>
      zoho.getAccessToken(client.id, 'zoho_crm', credentials),
    ),
  );
  await scene.requests(1);
  // Those that come before the answer find the lease taken, those that come after it the token.
  await Promise.all(keeps.map(({ zoho }) => zoho.hasToken(client.id, 'zoho_crm')));
  open();
  expect(new Set(await Promise.all(calls))).toEqual(
    new Set([(await scene.tokens(client)).accessToken]),
  );
  expect(scene.endpoint.requests).toHaveLength(1);
});

it('do not suffer from the wrong secret of another one', async () => {
  const client = await scene.client();
  const { zoho } = scene.keep();
  const [wrong] = OTHERS as [typeof CREDENTIALS];
  scene.endpoint.script(({ form }) =>
    form['client_id'] === wrong.clientId
      ? { status: 400, body: { error: 'invalid_client' } }
      : undefined,
  );
  const call = (credentials: typeof CREDENTIALS) =>
    zoho.getAccessToken(client.id, 'zoho_crm', credentials);
  await expect(call(wrong)).rejects.toMatchObject({ name: 'ClientRejectedError' });
  expect(await call(CREDENTIALS)).toBe((await scene.tokens(client)).accessToken);
  // Whoever asks for it now gets the stored one.
  expect(await call(wrong)).toBe((await scene.tokens(client)).accessToken);
});
