/** tokenkeep/vault: the names of a hand-written service, on the default instance. */

import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { close } from '../../dist/index.js';
import * as module from '../../dist/vault.mjs';
import { schema } from '../../support/old-vault/index.mjs';
import { failureOf } from '../helpers/promises';
import { SECRET } from './rows';
import { useScene } from './scene';

const scene = useScene();
const { TokenVaultService, tokenVaultService } = module;

let environment: NodeJS.ProcessEnv;
beforeEach(() => {
  environment = { ...process.env };
  process.env['DATABASE_URL'] = scene.database.url;
  process.env['ENCRYPTION_SECRET'] = SECRET;
  process.env['GOOGLE_CLIENT_ID'] = 'client';
  process.env['GOOGLE_CLIENT_SECRET'] = 'secret';
  process.env['TOKENKEEP_GOOGLE_TOKEN_URL'] = scene.endpoint.url;
});
afterEach(async () => {
  vi.restoreAllMocks();
  await close();
  process.env = environment;
});

const METHODS = [
  'deleteProviderTokens',
  'deleteToken',
  'findExpiringTokens',
  'getAccessToken',
  'getRefreshToken',
  'getToken',
  'markTokenInvalid',
  'storeToken',
];

describe('the module', () => {
  it('exports the names of the hand-written one and no other, to both module systems', async () => {
    const names = [
      'TokenVaultService',
      'decrypt',
      'encrypt',
      'generateEncryptionSecret',
      'tokenVaultService',
    ];
    expect(Object.keys(module).sort()).toEqual(names);
    const script = `const one = require('tokenkeep/vault');
      import('tokenkeep/vault').then((other) => console.log(JSON.stringify(
        Object.keys(one).sort().filter((name) => one[name] === other[name]))));`;
    const { stdout } = await promisify(execFile)(process.execPath, ['-e', script]);
    expect(JSON.parse(stdout)).toEqual(names);
  });

  it('declares what the hand-written table declares', async () => {
    const { tokenProviderEnum, tokenTypeEnum } = await import('../../dist/drizzle/index.js');
    expect(tokenProviderEnum.enumValues).toEqual(schema.tokenProviderEnum.enumValues);
    expect(tokenTypeEnum.enumValues).toEqual(schema.tokenTypeEnum.enumValues);
  });

  it('needs nothing to be imported: neither a database nor a secret', async () => {
    const script = `const { tokenVaultService } = require('tokenkeep/vault');
      tokenVaultService.getToken('${randomUUID()}', 'google', 'api_key')
        .catch(({ name, message }) => console.log(name, message));`;
    const env = { PATH: process.env['PATH'] };
    const { stdout } = await promisify(execFile)(process.execPath, ['-e', script], { env });
    expect(stdout).toMatch(/^ConfigurationError DATABASE_URL/);
  });
});

describe('the service', () => {
  it('is a plain class with an instance of it', () => {
    expect(tokenVaultService).toBeInstanceOf(TokenVaultService);
    const methods = Object.getOwnPropertyNames(TokenVaultService.prototype).sort();
    expect(methods).toEqual([...METHODS, 'constructor'].sort());
    expect(Object.keys(tokenVaultService)).toEqual([]);
  });

  it('does all that it is for', async () => {
    const tenantId = randomUUID();
    const { refreshToken } = scene.endpoint.issue();
    const service = new TokenVaultService();
    await service.storeToken(tenantId, 'google', 'refresh_token', { value: refreshToken });
    const answer = await service.getAccessToken(tenantId, 'google', undefined, 5, {
      refresh: true,
    });
    const { token } = (await tokenVaultService.getAccessToken(tenantId, 'google'))!;
    expect(token).toMatchObject({ id: answer!.token.id, value: answer!.token.value });
    expect(await service.getToken(tenantId, 'google', 'access_token')).toMatchObject({
      id: token.id,
    });
    expect(await service.findExpiringTokens(120, 'google')).toContainEqual({
      tenantId,
      provider: 'google',
      tokenType: 'access_token',
      identifier: null,
    });
    await service.markTokenInvalid(token.id, '401');
    expect(await service.getAccessToken(tenantId, 'google')).toBeNull();
    await service.deleteToken(token.id);
    await service.deleteProviderTokens(tenantId, 'google');
    expect(await service.getRefreshToken(tenantId, 'google')).toBeNull();
  });

  it('can be spied on, and asks itself for a refresh token', async () => {
    const fake = { value: 'fake' } as never;
    const spy = vi.spyOn(tokenVaultService, 'getToken').mockResolvedValue(fake);
    expect(await tokenVaultService.getRefreshToken('t', 'google', 'a')).toBe(fake);
    expect(spy.mock.calls).toEqual([['t', 'google', 'refresh_token', 'a']]);
    for (const method of METHODS) {
      vi.spyOn(tokenVaultService, method as 'getToken').mockResolvedValue(fake);
      expect(await tokenVaultService[method as 'getToken']('t', 'google', 'api_key')).toBe(fake);
    }
  });

  it('reads its secret at the call', async () => {
    const tenantId = randomUUID();
    delete process.env['ENCRYPTION_SECRET'];
    const store = () => tokenVaultService.storeToken(tenantId, 'google', 'api_key', { value: 'v' });
    expect(await failureOf(store())).toMatchObject({
      name: 'ConfigurationError',
      message: 'ENCRYPTION_SECRET environment variable is required',
    });
    // What opens nothing needs no secret.
    await tokenVaultService.deleteToken(randomUUID());
    expect(await tokenVaultService.findExpiringTokens(0)).toEqual(expect.any(Array));
    process.env['ENCRYPTION_SECRET'] = SECRET;
    expect(await store()).toEqual(expect.any(String));
  });
});
