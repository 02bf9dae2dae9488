/** What Node's own servers bring that no framework does. */

import { once } from 'node:events';
import { createServer, connect as connectTo } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { createGoogleHandlers, type NodeRequest, toNodeListener } from '../../dist/http/index.js';
import { createTokenKeep } from '../../dist/index.js';
import { raw } from './raw';
import { someUser, useScene } from './scene';

const scene = useScene();

describe('a listener without a framework', () => {
  it('answers 404 to other paths', async () => {
    expect((await fetch(scene.origin)).status).toBe(404);
    expect(await raw(scene.origin, 'OPTIONS * HTTP/1.1')).toMatch(/^HTTP\/1.1 404 /);
  });

  it('knows its paths also where the client names the server', async () => {
    const link = new URL(await scene.link(someUser()));
    for (const target of [link.href, `HTTP://elsewhere.example${link.pathname}${link.search}`]) {
      const answer = await raw(scene.origin, `GET ${target} HTTP/1.1`);
      expect(answer, target).toMatch(/^HTTP\/1.1 200 /);
    }
  });

  it('answers over HTTP/2, which has method and path among its headers', async () => {
    const listener = toNodeListener(scene.handlers);
    const server = createServer((request, response) =>
      listener(request as unknown as NodeRequest, response as never),
    ).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const client = connectTo(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const request = client.request({ ':path': '/auth/google/connect', accept: 'text/html' });
    const [headers] = await once(request, 'response');
    expect(headers[':status']).toBe(401);
    request.close();
    client.close();
    server.close();
  });

  it('keeps cookies apart', async () => {
    const headers: [string, string][] = [
      ['set-cookie', 'a=1; Path=/'],
      ['set-cookie', 'b=2'],
    ];
    const handle = async () => new Response('', { headers });
    const listener = toNodeListener({ ...scene.handlers, handle });
    scene.application = (request, response) => listener(request, response);
    const answer = await fetch(scene.url('connect'));
    expect(answer.headers.getSetCookie()).toEqual(['a=1; Path=/', 'b=2']);
  });

  it('does not take an error of the application for its own', () => {
    const thrown = new Error('of the application');
    let calls = 0;
    const next = () => {
      calls++;
      throw thrown;
    };
    const request = { url: '/', method: 'GET', rawHeaders: [] } as unknown as NodeRequest;
    expect(() => toNodeListener(scene.handlers)(request, {} as never, next)).toThrow(thrown);
    expect(calls).toBe(1);
  });
});

it('says what is missing where it is mounted', () => {
  const keep = createTokenKeep({ googleOauthRedirectUri: '' });
  const mount = () => toNodeListener(createGoogleHandlers({ keep }));
  expect(mount).toThrow('GOOGLE_OAUTH_REDIRECT_URI');
});
