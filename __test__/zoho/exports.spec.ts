/** What `tokenkeep/zoho` exports, and that importing it needs nothing. */

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { close } from '../../dist/index.js';
import { OAuthTokenService, oauthTokenService } from '../../dist/zoho.js';
import { KEY } from '../helpers/database';
import { programPath } from '../helpers/processes';
import { CREDENTIALS, someClient, useScene } from './scene';

const scene = useScene();
const VARIABLES = ['DATABASE_URL', 'TOKENKEEP_KEY', 'TOKENKEEP_ZOHO_TOKEN_URL'];
afterEach(async () => {
  vi.restoreAllMocks();
  await close();
  for (const name of VARIABLES) delete process.env[name];
});

function setEnvironment(): void {
  process.env['DATABASE_URL'] = scene.database.url;
  process.env['TOKENKEEP_KEY'] = KEY;
  process.env['TOKENKEEP_ZOHO_TOKEN_URL'] = scene.endpoint.url;
}

it('has exactly the two names in both module systems, and is imported without a setting', async () => {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [programPath('zoho-both-module-systems.mjs')],
    { env: { PATH: process.env['PATH'] } },
  );
  const names = ['OAuthTokenService', 'oauthTokenService'];
  expect(JSON.parse(stdout)).toEqual({ imported: names, required: names, same: true });
});

describe('the service', () => {
  it('is a plain class with three methods that can be spied upon', async () => {
    expect(oauthTokenService).toBeInstanceOf(OAuthTokenService);
    expect(Object.getOwnPropertyNames(OAuthTokenService.prototype).sort()).toEqual([
      'constructor',
      'getAccessToken',
      'hasToken',
      'storeTokens',
    ]);
    const onClass = vi.spyOn(OAuthTokenService.prototype, 'hasToken').mockResolvedValue(true);
    const onInstance = vi.spyOn(oauthTokenService, 'getAccessToken').mockResolvedValue('mocked');
    expect(await oauthTokenService.hasToken('client', 'zoho_crm')).toBe(true);
    expect(await oauthTokenService.getAccessToken('client', 'zoho_crm', CREDENTIALS)).toBe(
      'mocked',
    );
    expect(onClass).toHaveBeenCalledWith('client', 'zoho_crm');
    expect(onInstance).toHaveBeenCalledOnce();
  });

  it('can be extended, and its methods are its own', async () => {
    setEnvironment();
    class Ours extends OAuthTokenService {
      override async hasToken() {
        return true;
      }
    }
    expect(await new Ours().hasToken()).toBe(true);
    expect(await new OAuthTokenService().hasToken(someClient(), 'zoho_crm')).toBe(false);
  });

  it('reads the environment at the call, and says what is missing', async () => {
    const call = () => oauthTokenService.hasToken('client', 'zoho_crm');
    await expect(call()).rejects.toMatchObject({ code: 'ERR_TOKENKEEP_CONFIGURATION' });
    await expect(call()).rejects.toThrow('DATABASE_URL');
    setEnvironment();
    expect(await call()).toBe(false);
  });

  it('stores, finds, refreshes and gives', async () => {
    setEnvironment();
    const id = someClient();
    const { refreshToken } = scene.endpoint.issue();
    expect(await oauthTokenService.storeTokens(id, 'zoho_crm', { refreshToken })).toBeUndefined();
    expect(await oauthTokenService.hasToken(id, 'zoho_crm')).toBe(true);
    expect(await oauthTokenService.hasToken(id, 'zoho_calendar')).toBe(false);
    const token = await oauthTokenService.getAccessToken(id, 'zoho_crm', CREDENTIALS);
    expect(await oauthTokenService.getAccessToken(id, 'zoho_crm', CREDENTIALS)).toBe(token);
    expect(scene.endpoint.requests).toHaveLength(1);
  });
});
