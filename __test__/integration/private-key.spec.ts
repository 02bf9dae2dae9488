/** A client that authenticates with a private key (RFC 7523): what is signed, and what is refused. */

import {
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  verify,
  constants,
} from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ProviderSettings } from '../../dist/index.js';
import { failureOf } from '../helpers/promises';
import { type RecordingEndpoint, startRecordingEndpoint } from '../helpers/recording-endpoint';
import { inSeconds, someUser, useScene } from './scene';

const scene = useScene();
const ANSWER = { access_token: 'new', refresh_token: 'next', expires_in: 3600 };
const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const SHA1 = '84E05C1D98BCE3A5421D225B140B36E86A3D5534';
const SHA256 = Array.from({ length: 32 }, (_, index) => (index + 160).toString(16)).join(':');

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey;
const small = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey;
const pem = (key: KeyObject, type: 'pkcs8' | 'pkcs1' | 'sec1' = 'pkcs8') =>
  key.export({ format: 'pem', type }) as string;
const jwk = (key: KeyObject) => key.export({ format: 'jwk' });

let endpoint: RecordingEndpoint;
beforeEach(async () => {
  endpoint = await startRecordingEndpoint(ANSWER);
});
afterEach(() => endpoint.stop());

/** Refreshes a row of a client that is described so; returns what was sent last. */
async function sent(described: Partial<ProviderSettings>, name = 'acme') {
  const client = { clientId: 'the id', tokenUrl: endpoint.url, ...described };
  const keep = scene.keep({ providers: described.clientId === '' ? {} : { [name]: client } });
  const { userId } = await scene.user(keep, -60, name);
  await keep.integration.getValidToken(userId, name);
  return new URLSearchParams(endpoint.requests.at(-1)?.body);
}

/** The parts of an assertion whose signature Node's crypto has verified. */
function verified(assertion: string | null, key: KeyObject, alg = 'RS256') {
  const [header = '', claims = '', signature = ''] = (assertion ?? '').split('.');
  const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };
  const isSigned = verify(
    'sha256',
    Buffer.from(`${header}.${claims}`),
    { key: createPublicKey(key), dsaEncoding: 'ieee-p1363', ...(alg === 'PS256' ? pss : {}) },
    Buffer.from(signature, 'base64url'),
  );
  expect(isSigned).toBe(true);
  const parsed = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString());
  return { header: parsed(header), claims: parsed(claims) };
}

describe('a client with a private key', () => {
  it('signs what RFC 7523 requires, for this moment and this token endpoint', async () => {
    const form = await sent({ privateKey: pem(rsa) });
    expect(Object.fromEntries(form)).toEqual({
      grant_type: 'refresh_token',
      refresh_token: expect.any(String),
      client_id: 'the id',
      client_assertion_type: ASSERTION_TYPE,
      client_assertion: expect.any(String),
    });
    expect(endpoint.requests[0]?.headers.authorization).toBeUndefined();
    const { header, claims } = verified(form.get('client_assertion'), rsa);
    expect(header).toEqual({ alg: 'RS256', typ: 'JWT' });
    const { iat, nbf, exp, jti, ...rest } = claims;
    expect(rest).toEqual({ iss: 'the id', sub: 'the id', aud: endpoint.url });
    expect(Math.abs(iat - Date.now() / 1_000)).toBeLessThan(60);
    expect(nbf).toBe(iat);
    expect(exp - iat).toBeLessThanOrEqual(300);
    expect(jti).toMatch(/^[\w-]{22}$/);
    const again = verified((await sent({ privateKey: pem(rsa) })).get('client_assertion'), rsa);
    expect(again.claims.jti).not.toBe(jti);
  });

  it.each<[string, Partial<ProviderSettings>, KeyObject, object]>([
    ['an EC key', { privateKey: pem(ec) }, ec, { alg: 'ES256' }],
    [
      'a JWK',
      { privateKey: { ...jwk(ec), kid: 'k1', alg: 'ES256' } },
      ec,
      { alg: 'ES256', kid: 'k1' },
    ],
    ['an RSA JWK as JSON', { privateKey: JSON.stringify(jwk(rsa)) }, rsa, { alg: 'RS256' }],
    ['a JWK for PS256', { privateKey: { ...jwk(rsa), alg: 'PS256' } }, rsa, { alg: 'PS256' }],
    ['PS256', { privateKey: pem(rsa), signingAlgorithm: 'PS256' }, rsa, { alg: 'PS256' }],
    [
      'a key ID',
      { privateKey: { ...jwk(ec), kid: 'k1' }, keyId: 'k2' },
      ec,
      { alg: 'ES256', kid: 'k2' },
    ],
    [
      'line breaks of a variable',
      { privateKey: pem(rsa).replaceAll('\n', '\\n') },
      rsa,
      { alg: 'RS256' },
    ],
    [
      'a SHA-1 thumbprint',
      { privateKey: pem(rsa), certificateThumbprint: SHA1 },
      rsa,
      { alg: 'RS256', x5t: Buffer.from(SHA1, 'hex').toString('base64url') },
    ],
    [
      'a SHA-256 thumbprint',
      { privateKey: pem(rsa), certificateThumbprint: SHA256 },
      rsa,
      {
        alg: 'RS256',
        'x5t#S256': Buffer.from(SHA256.replaceAll(':', ''), 'hex').toString('base64url'),
      },
    ],
  ])('can have %s', async (_, described, key, expected) => {
    const form = await sent(described);
    const alg = (expected as { alg: string }).alg;
    const { header } = verified(form.get('client_assertion'), key, alg);
    expect(header).toEqual({ typ: 'JWT', ...expected });
  });

  it('names the issuer as the audience where it is known, or what the server documents', async () => {
    const issuer = 'https://issuer.example/';
    const usual = await sent({ privateKey: pem(ec), issuer });
    expect(verified(usual.get('client_assertion'), ec).claims.aud).toBe(issuer);
    const own = await sent({ privateKey: pem(ec), issuer, assertionAudience: 'urn:server' });
    expect(verified(own.get('client_assertion'), ec).claims.aud).toBe('urn:server');
  });

  it('can be in variables, of a provider whose clients usually have a secret', async () => {
    const variables = {
      TOKENKEEP_MICROSOFT_CLIENT_ID: 'app',
      TOKENKEEP_MICROSOFT_PRIVATE_KEY: pem(rsa).replaceAll('\n', '\\n'),
      TOKENKEEP_MICROSOFT_KEY_ID: 'k',
      TOKENKEEP_MICROSOFT_CERTIFICATE_THUMBPRINT: SHA1,
      TOKENKEEP_MICROSOFT_TOKEN_URL: endpoint.url,
    };
    Object.assign(process.env, variables);
    try {
      const form = await sent({ clientId: '' }, 'microsoft');
      const { header, claims } = verified(form.get('client_assertion'), rsa);
      expect(header).toMatchObject({ kid: 'k', x5t: expect.any(String) });
      expect(claims.iss).toBe('app');
      process.env['TOKENKEEP_MICROSOFT_PRIVATE_KEY'] = 'hunter2';
      const failure = await failureOf(sent({ clientId: '' }, 'microsoft'));
      expect(failure.name).toBe('ConfigurationError');
      expect(failure.message).toMatch(/^TOKENKEEP_MICROSOFT_PRIVATE_KEY: must be PKCS#8/);
      expect(failure.message).not.toContain('hunter2');
    } finally {
      for (const name of Object.keys(variables)) delete process.env[name];
    }
  });

  it.each<[string, Partial<ProviderSettings>, RegExp]>([
    ['PKCS#1', { privateKey: pem(rsa, 'pkcs1') }, /privateKey: must be PKCS#8 .*openssl pkcs8/],
    ['SEC 1', { privateKey: pem(ec, 'sec1') }, /privateKey: must be PKCS#8 .*openssl pkcs8/],
    ['broken base64', { privateKey: pem(rsa).replace('M', '!') }, /privateKey: is not valid PEM/],
    ['another curve', { privateKey: pem(p384) }, /privateKey: must be an RSA key of 2048/],
    ['another curve as JWK', { privateKey: jwk(p384) }, /privateKey: must be an RSA key, or an EC/],
    ['too short a key', { privateKey: pem(small) }, /privateKey: must be an RSA key of 2048/],
    ['broken JSON', { privateKey: '{"kty":"hunter2"' }, /privateKey: is not a JWK/],
    ['an empty object', { privateKey: {} }, /privateKey: is not a JWK/],
    [
      'a public key',
      { privateKey: createPublicKey(rsa).export({ format: 'jwk' }) },
      /privateKey: is not a private RSA key/,
    ],
    [
      'another algorithm in the JWK',
      { privateKey: { ...jwk(rsa), alg: 'RS512' } },
      /privateKey: has another alg/,
    ],
    [
      'the algorithm of another type',
      { privateKey: pem(rsa), signingAlgorithm: 'ES256' },
      /signingAlgorithm: must be RS256 or PS256/,
    ],
    [
      'half a thumbprint',
      { privateKey: pem(rsa), certificateThumbprint: SHA1.slice(20) },
      /certificateThumbprint: must be a SHA-1 or SHA-256/,
    ],
    ['no key', { clientAuthentication: 'private_key_jwt' }, /privateKey: is not set/],
  ])('with %s is refused, and the option is named', async (_, described, message) => {
    const failure = await failureOf(sent(described));
    expect(failure.name).toBe('ConfigurationError');
    expect(failure.message).toMatch(/^providers\.acme\./);
    expect(failure.message).toMatch(message);
    expect(failure.message).not.toMatch(/hunter2|MII/);
    expect(endpoint.requests).toHaveLength(0);
  });

  it.each<[string, object, string]>([
    ['a secret', { privateKey: pem(ec), clientSecret: 's' }, 'clientSecret'],
    [
      'another method',
      { privateKey: pem(ec), clientAuthentication: 'client_secret_post' },
      'clientAuthentication',
    ],
    ['no key but its ID', { clientSecret: 's', keyId: 'k' }, 'keyId'],
    ['a number', { privateKey: 1 }, 'privateKey'],
  ])('is refused with %s', async (_, described, field) => {
    const failure = await failureOf(sent(described as Partial<ProviderSettings>));
    expect(failure).toMatchObject({
      name: 'InvalidArgumentError',
      argument: `providers.acme.${field}`,
    });
  });

  it('revokes with an assertion, too', async () => {
    const revocationUrl = endpoint.url.replace('/token', '/revoke');
    const acme = { clientId: 'the id', privateKey: pem(ec), tokenUrl: endpoint.url, revocationUrl };
    const keep = scene.keep({ providers: { acme } });
    const userId = someUser();
    const token = { accessToken: 'a', refreshToken: 'r', expiresAt: inSeconds(600) };
    await keep.integration.storeToken(userId, 'acme', token);
    expect(await keep.integration.revoke(userId, 'acme', { confirm: true })).toBe(true);
    const form = new URLSearchParams(endpoint.requests[0]?.body);
    expect(form.get('token')).toBe('r');
    expect(verified(form.get('client_assertion'), ec).claims.aud).toBe(endpoint.url);
  });
});
