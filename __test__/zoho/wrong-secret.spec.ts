/** A caller's wrong secret is that caller's fault alone: whoever has the right one is served. */

import { beforeEach, describe, expect, it } from 'vitest';
import { CREDENTIALS, useScene } from './scene';

const scene = useScene();
const WRONG = { ...CREDENTIALS, clientSecret: 'wrong' };
const rejected = { name: 'ClientRejectedError', code: 'ERR_TOKENKEEP_CLIENT_REJECTED' };

beforeEach(() => {
  scene.endpoint.script(({ form }) =>
    form['client_secret'] === WRONG.clientSecret
      ? { status: 200, body: { error: 'invalid_client_secret' } }
      : undefined,
  );
});

describe.each([
  ['of one instance', () => Array(2).fill(scene.keep())],
  ['of two instances', () => [scene.keep(), scene.keep()]],
] as const)('callers %s', (_, instances) => {
  it('for the same row, one after the other', async () => {
    const [wrong, right] = instances();
    const client = await scene.client();
    const call = (keep: typeof wrong, credentials: typeof CREDENTIALS) =>
      keep.zoho.getAccessToken(client.id, 'zoho_crm', credentials);
    await expect(call(wrong, WRONG)).rejects.toMatchObject(rejected);
    expect(await call(right, CREDENTIALS)).toBe((await scene.tokens(client)).accessToken);
    expect(await call(wrong, WRONG)).toBe((await scene.tokens(client)).accessToken);
  });

  it('for the same row at the same time: only the wrong one may fail', async () => {
    const [wrong, right] = instances();
    const client = await scene.client();
    const call = (keep: typeof wrong, credentials: typeof CREDENTIALS) =>
      keep.zoho.getAccessToken(client.id, 'zoho_crm', credentials);
    const outcomes = await Promise.allSettled([
      call(wrong, WRONG),
      call(right, CREDENTIALS),
      call(wrong, WRONG),
      call(right, CREDENTIALS),
    ]);
    const { accessToken } = await scene.tokens(client);
    for (const index of [1, 3]) {
      expect(outcomes[index]).toEqual({ status: 'fulfilled', value: accessToken });
    }
    for (const index of [0, 2]) {
      const outcome = outcomes[index]!;
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject(rejected);
      else expect(outcome.value).toBe(accessToken);
    }
  });

  it('for other rows', async () => {
    const [wrong, right] = instances();
    const [first, second, third] = [
      await scene.client(),
      await scene.client(),
      await scene.client(),
    ];
    const call = (keep: typeof wrong, { id }: { id: string }, credentials: typeof CREDENTIALS) =>
      keep.zoho.getAccessToken(id, 'zoho_crm', credentials);
    await expect(call(wrong, first, WRONG)).rejects.toMatchObject(rejected);
    expect(await call(right, second, CREDENTIALS)).toBe((await scene.tokens(second)).accessToken);
    // The wrong one is not tried with other rows.
    await expect(call(wrong, third, WRONG)).rejects.toMatchObject(rejected);
    const sent = scene.endpoint.requests.map(({ form }) => form['client_secret']);
    expect(sent).toEqual([WRONG.clientSecret, CREDENTIALS.clientSecret]);
  });
});
