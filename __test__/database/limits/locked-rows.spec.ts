/** The application's own open transaction, or anybody's, holds a row that is to be written. */

import { expect, it } from 'vitest';
import { failureOf } from '../../helpers/promises';
import { STORES } from '../every-store';
import { allBytes, callsOn, makeRows } from './rows';
import { useScene } from './scene';

const scene = useScene();

it.each(STORES)('%s says which transaction to end, and has written nothing', async (store) => {
  const { user } = await makeRows(scene.keep(), scene.endpoint);
  const calls = callsOn(scene.keep({ limitsDivisor: 20 }), user)[store];
  const application = await scene.client();
  await application.query(`BEGIN; SELECT FROM ${calls.table} FOR UPDATE`);
  const before = await allBytes(scene.database.client);
  for (const call of [calls.store, calls.remove]) {
    const failure = await failureOf(call());
    expect(failure).toMatchObject({ code: 'ERR_TOKENKEEP_ROW_LOCKED', retryable: true });
    expect(failure.message).toContain("this application's own open transaction");
  }
  await expect(calls.read()).resolves.toBeTruthy();
  expect(await allBytes(scene.database.client)).toEqual(before);
  await application.query('COMMIT');
  await calls.store();
  await calls.remove();
});

it('a refresh whose lease cannot be taken sends nothing, and can be tried again', async () => {
  const { user } = await makeRows(scene.keep(), scene.endpoint);
  const keep = scene.keep({ limitsDivisor: 20 });
  const application = await scene.client();
  await application.query(`BEGIN; SELECT FROM gmail_tokens FOR UPDATE`);
  const before = await allBytes(scene.database.client);
  const failure = await failureOf(keep.gmail.getValidGmailToken(user));
  expect(failure).toMatchObject({ retryable: true });
  expect(scene.endpoint.requests).toEqual([]);
  expect(await allBytes(scene.database.client)).toEqual(before);
});
