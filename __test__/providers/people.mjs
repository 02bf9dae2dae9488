/** The users and clients that a server is started with. */
import { generateKeyPairSync, randomBytes } from 'node:crypto';

/** As many as all checks together use. */
const USERS = 16;

/**
 * Letters that mean something in a form, in a Basic header, or in base64 of it; something that looks encoded; and a
 * letter beyond ASCII.
 */
const LETTERS = { ASCII: ' :+/%41~', all: ' :+/%41~é' };

/** @typedef {import('./connect.mjs').Method} Method */

/** @returns {import('./scene.mjs').User[]} */
export function newUsers() {
  return Array.from({ length: USERS }, (_, index) => {
    const name = `user${index + 1}`;
    return { name, password: `the password of ${name}`, email: `${name}@users.example` };
  });
}

/** A client whose ID and secret need no encoding. @param {Method} method */
export function plainClient(method) {
  const client = { id: 'tokenkeep', secret: randomBytes(24).toString('hex'), method };
  return method === 'private_key_jwt' ? { ...client, key: newKey() } : client;
}

/** The client with another secret, or another key. @param {import('./connect.mjs').Client} client */
export function withWrongSecret(client) {
  return client.key ? { ...client, key: newKey() } : { ...client, secret: `${client.secret}x` };
}

function newKey() {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return privateKey.export({ format: 'jwk' });
}

/**
 * Clients with an ID and a secret that are easily mistaken, one a method and kind of letters. Without encoding, an ID
 * with a colon would end there (RFC 7617, section 2).
 */
export function specialClients() {
  const of = (/** @type {Method} */ method) =>
    Object.entries(LETTERS).map(([kind, letters]) => ({
      id: `${method} ${kind}${method.endsWith('_raw') ? letters.replace(':', '') : letters}id`,
      secret: `${randomBytes(8).toString('hex')}${letters}secret`,
      method,
      kind,
    }));
  return {
    post: of('client_secret_post'),
    basic: of('client_secret_basic'),
    raw: of('client_secret_basic_raw'),
  };
}
