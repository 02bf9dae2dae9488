/** What Fastify decides before a route is asked: bodies, prefixes, spellings. */

import { fastify } from 'fastify';
import { beforeEach, describe, expect, it } from 'vitest';
import { toFastifyPlugin } from '../../dist/http/index.js';
import { someUser, useScene } from './scene';

const scene = useScene();
let plugin: ReturnType<typeof toFastifyPlugin>;

beforeEach(() => {
  plugin = toFastifyPlugin(scene.handlers as never);
});

const JSON_BODY = { headers: { 'content-type': 'application/json' }, payload: '{"a":1}' };

describe('the plugin', () => {
  it.each(['as a plugin of its own', 'in the context of the application'])(
    "leaves the application's parsers alone, %s",
    async (how) => {
      const shared = how.includes('application');
      const register = Object.assign(plugin, { [Symbol.for('skip-override')]: shared });
      const app = fastify();
      await app.register(register);
      app.post('/echo', async ({ body }) => body);
      const echo = await app.inject({ method: 'POST', url: '/echo', ...JSON_BODY });
      expect(echo.json()).toEqual({ a: 1 });
      const xml = { headers: { 'content-type': 'text/xml' }, payload: '<a/>' };
      const refused = await app.inject({ method: 'POST', url: '/echo', ...xml });
      expect(refused.statusCode).toBe(415);
      await app.close();
    },
  );

  it('keeps cookies apart', async () => {
    const headers: [string, string][] = [
      ['set-cookie', 'a=1; Path=/'],
      ['set-cookie', 'b=2'],
    ];
    const connect = async () => new Response('', { headers });
    const app = fastify();
    await app.register(toFastifyPlugin({ ...scene.handlers, connect } as never));
    const answer = await app.inject({ url: '/auth/google/connect' });
    expect(answer.headers['set-cookie']).toEqual(['a=1; Path=/', 'b=2']);
    await app.close();
  });

  it('does not stumble over JSON without a body', async () => {
    const app = fastify();
    await app.register(plugin);
    const headers = { 'content-type': 'application/json', accept: 'application/json' };
    const url = '/auth/google/disconnect';
    const answer = await app.inject({ method: 'POST', url, headers });
    expect(answer.statusCode).toBe(401);
    expect(answer.json()).toMatchObject({ error: 'not_signed_in' });
    await app.close();
  });

  it('answers in whatever spelling Fastify takes for its paths', async () => {
    const app = fastify({ routerOptions: { ignoreTrailingSlash: true, caseSensitive: false } });
    await app.register(plugin);
    const { search } = new URL(await scene.link(someUser()));
    for (const path of [
      '/auth/google/%63onnect',
      '/Auth/Google/Connect',
      '/auth/google/connect/',
    ]) {
      const { statusCode, payload } = await app.inject({ url: `${path}${search}` });
      expect(statusCode, path).toBe(200);
      expect(payload, path).toContain('Continue to Google');
    }
    await app.close();
  });

  it('says at the start that its paths are not below the prefix', async () => {
    const app = fastify();
    const registered = app.register(plugin, { prefix: '/elsewhere' }).ready();
    await expect(Promise.resolve(registered)).rejects.toMatchObject({
      code: 'ERR_TOKENKEEP_CONFIGURATION',
      option: 'GOOGLE_OAUTH_REDIRECT_URI',
      message: expect.stringContaining('/elsewhere'),
    });
  });
});
