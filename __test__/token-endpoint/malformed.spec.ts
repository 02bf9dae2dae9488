/** `200, but …`: an answer that is no token response. It may have rotated, so it is ambiguous. */

import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { Step } from '../../support/token-endpoint.mjs';
import { failing, leased, tidedOver } from '../helpers/refresh-outcome';
import { useScene } from '../helpers/scene';

const scene = useScene();

const MEBIBYTE = 1024 * 1024;

/** A good answer but for these fields. */
const but = (fields: object) => ({ access_token: 'at', refresh_token: 'rt', ...fields });

/** Not UTF-8, where the text says e with an acute accent. */
const latin = (json: string) => () => Buffer.from(json, 'latin1');

const bodies: [string, Step['body']][] = [
  ['a page', '<html></html>'],
  ['an empty body', ''],
  ['JSON that ends too early', '{"access_token":"at","expires_in":36'],
  ['JSON that goes on', `${JSON.stringify(but({}))}{}`],
  ['a form, as some send it', 'access_token=at&expires_in=3600'],
  ['an array', '[]'],
  ['an array of tokens', '["at","rt",3600]'],
  ['null', 'null'],
  ['a text', '"at"'],
  ['half a surrogate pair', '{"access_token":"\\ud800"}'],
  ['no access token', {}],
  ['an access token that is null', but({ access_token: null })],
  ['an empty access token', but({ access_token: '' })],
  ['an access token that is a number', but({ access_token: 7 })],
  ['an access token that is an object', but({ access_token: { token: 'at' } })],
  ['an access token with a NUL byte', but({ access_token: 'a\0b' })],
  ['an access token of over 64 KiB', but({ access_token: 'x'.repeat(64 * 1024 + 1) })],
  ['an access token that is not UTF-8', latin('{"access_token":"caf\u00e9"}')],
  ['more than a mebibyte', but({ padding: 'x'.repeat(MEBIBYTE) })],
  ['a byte more than a mebibyte', JSON.stringify(but({})).padEnd(MEBIBYTE + 1)],
];

const steps: [string, Step][] = [
  ...bodies.map(([name, body]): [string, Step] => [name, { status: 200, exchange: true, body }]),
  ['status 204 and no body', { status: 204, exchange: true, body: '' }],
  ['more than a mebibyte of unknown length', { body: 'x'.repeat(2 * MEBIBYTE), chunked: true }],
  [
    'more than a mebibyte, whose end never comes',
    { body: 'x'.repeat(2 * MEBIBYTE), headers: { 'content-length': `${64 * MEBIBYTE}` } },
  ],
  [
    'a body compressed unasked',
    {
      body: () => gzipSync(JSON.stringify(but({}))),
      headers: { 'content-encoding': 'gzip' },
    },
  ],
];

describe('200 with', () => {
  it.each(steps)('%s is ProviderResponseError, and the lease is left', async (_, step) => {
    const { error, before, after } = await failing(scene, step);
    expect(error).toMatchObject({
      name: 'ProviderResponseError',
      code: 'ERR_TOKENKEEP_PROVIDER_RESPONSE',
      retryable: true,
    });
    expect(after).toEqual(leased(before));
    const usable = await tidedOver(scene, step);
    expect(usable.accessToken).toBe(usable.user.accessToken);
    expect(usable.after).toEqual(leased(usable.before));
    // Neither was asked for twice.
    expect(scene.endpoint.requests).toHaveLength(2);
  });
});
