/** An accounts server that is none of Zoho's gets no secret of the application. */

import { describe, expect, it } from 'vitest';
import { startTokenEndpoint } from '../../support/token-endpoint.mjs';
import { useScene } from './scene';

const scene = useScene();

const refused = {
  code: 'ERR_TOKENKEEP_CONFIGURATION',
  retryable: false,
  message: expect.stringMatching(
    /^accounts_server: is not a known accounts server of Zoho.*zohoAccountsServers/,
  ),
};

describe('an accounts server that the row names', () => {
  it('of its own choice is sent nothing', async () => {
    const theirs = await startTokenEndpoint();
    const keep = scene.keep({ zohoTokenUrl: '' });
    const { origin } = new URL(theirs.url);
    const lookalikes = [
      origin,
      'https://accounts.zoho.eu.example',
      'https://accounts.zoho.eu@127.0.0.1',
      'http://accounts.zoho.eu',
      'accounts.zoho.eu',
      'https://accounts.zoho.eu/oauth/v2/token?',
      'https://ACCOUNTS.zoho.eu',
      7,
      { host: 'accounts.zoho.eu' },
    ];
    for (const accounts_server of lookalikes) {
      const client = await scene.client({ metadata: { accounts_server } });
      const before = await scene.row(client);
      await expect(scene.token(client, keep)).rejects.toMatchObject(refused);
      expect(await scene.row(client)).toEqual({ ...before, left: expect.any(Number) });
    }
    expect(theirs.requests).toHaveLength(0);
    await theirs.close();
  });

  it('that is unknown is refused with another token endpoint, too', async () => {
    const client = await scene.client({ metadata: { accounts_server: scene.endpoint.url } });
    await expect(scene.token(client)).rejects.toMatchObject(refused);
    expect(scene.endpoint.requests).toHaveLength(0);
  });

  it('that is unknown does not matter while the token is usable', async () => {
    const client = await scene.client({ left: 120, metadata: { accounts_server: 'elsewhere' } });
    expect(await scene.token(client)).toBe(client.accessToken);
    expect(scene.endpoint.requests).toHaveLength(0);
  });

  it.each([
    null,
    '',
    'https://accounts.zoho.eu',
    'https://accounts.zohocloud.ca/',
    'https://accounts.zoho.uk',
    'https://accounts.zoho.ae',
  ])('and that is known, or none, is no obstacle: %s', async (accounts_server) => {
    const client = await scene.client({ metadata: { accounts_server } });
    expect(await scene.token(client)).toBe((await scene.tokens(client)).accessToken);
  });
});

describe('an accounts server that the options add', () => {
  const next = 'https://accounts.zoho.xx';
  const metadata = { accounts_server: next };
  const variable = 'TOKENKEEP_ZOHO_ACCOUNTS_SERVERS';

  it('is where a row that names it is refreshed', async () => {
    const urls: string[] = [];
    const fetch = async (url: string) => {
      urls.push(url);
      return new Response('{"access_token":"new","expires_in":3600}');
    };
    const options = { zohoTokenUrl: '', zohoAccountsServers: [next], fetch };
    const client = await scene.client({ metadata });
    expect(await scene.token(client, scene.keep(options))).toBe('new');
    expect(urls).toEqual([`${next}/oauth/v2/token`]);
  });

  it('may be a variable, with several separated by commas', async () => {
    process.env[variable] = `https://accounts.zoho.yy, ${next}/`;
    try {
      await scene.token(await scene.client({ metadata }));
    } finally {
      delete process.env[variable];
    }
    expect(scene.endpoint.requests).toHaveLength(1);
  });

  it('adds no other, and is refused by name when it is no origin', async () => {
    const elsewhere = await scene.client({ metadata: { accounts_server: `${next}.example` } });
    await expect(scene.token(elsewhere, { zohoAccountsServers: [next] })).rejects.toMatchObject(
      refused,
    );
    for (const odd of ['accounts.zoho.xx', 'http://accounts.zoho.xx', `${next}/oauth/v2/token`]) {
      const failing = scene.token(await scene.client(), { zohoAccountsServers: [odd] });
      await expect(failing).rejects.toMatchObject({ option: 'zohoAccountsServers' });
    }
    expect(scene.endpoint.requests).toHaveLength(0);
  });
});

describe('an accounts server that the options name', () => {
  it('is refused when it is unknown, but only where the row names none', async () => {
    const options = { zohoAccountsServer: 'https://accounts.example' };
    await expect(scene.token(await scene.client(), options)).rejects.toMatchObject(refused);
    const metadata = { accounts_server: 'https://accounts.zoho.jp' };
    await scene.token(await scene.client({ metadata }), options);
    expect(scene.endpoint.requests).toHaveLength(1);
  });
});
