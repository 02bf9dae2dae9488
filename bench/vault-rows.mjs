import crypto from 'node:crypto';

import { newTokens } from './tokens.mjs';

/**
 * Stores a row in `token_vault` per tenant, sealed by Node's crypto with alternating salts.
 *
 * @param {import('pg').Client} client
 * @param {{ tenants: number, salts: number, secret: string }} size
 * @returns {Promise<string[]>} the tenants
 */
export async function fillVault(client, { tenants, salts, secret }) {
  const ids = Array.from({ length: tenants }, () => crypto.randomUUID());
  const keys = Array.from({ length: Math.min(salts, tenants) }, () => {
    const salt = crypto.randomBytes(16);
    return { salt, key: crypto.scryptSync(secret, salt, 32) };
  });
  const sealed = ids.map((_, index) => seal(newTokens().accessToken, keys[index % keys.length]));
  await client.query(
    `INSERT INTO token_vault (tenant_id, provider, token_type, encrypted_value, expires_at)
     SELECT tenant_id::uuid, 'google', 'access_token', sealed, now() + interval '1 day'
     FROM unnest($1::text[], $2::text[]) AS t (tenant_id, sealed)`,
    [ids, sealed],
  );
  await client.query('VACUUM ANALYZE token_vault');
  return ids;
}

function seal(text, { salt, key }) {
  const iv = crypto.randomBytes(12);
  const cipher = crypto.createCipheriv('aes-256-gcm', key, iv);
  const ciphertext = Buffer.concat([cipher.update(text), cipher.final()]);
  return Buffer.concat([salt, iv, cipher.getAuthTag(), ciphertext]).toString('base64');
}
