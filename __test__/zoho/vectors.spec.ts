/** The fixed vectors of the sealed format, by Node's own crypto and by the store. */

import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { CREDENTIALS, useScene } from './scene';
import { open } from '../helpers/tk1-format';

interface Vector {
  keys: string;
  store: string;
  column: string;
  parts: string[];
  sealed: string;
  plaintext?: string;
}

const scene = useScene();
const folder = new URL('../sealing/vectors/bound/', import.meta.url);
const files = readdirSync(folder);
const read = (file: string) => JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Vector;

/** What opens with whichever key of the ring. */
function openWithAny({ keys, sealed, ...place }: Vector): string {
  const opened = keys.split(',').flatMap((key) => {
    try {
      return [open(sealed, place, key.split(':').at(-1)!)];
    } catch {
      return [];
    }
  });
  if (opened.length === 0) throw new Error('does not open');
  return opened[0]!;
}

it.each(files)('%s', (file) => {
  const vector = read(file);
  if (file.startsWith('opens-')) expect(openWithAny(vector)).toBe(vector.plaintext);
  else expect(() => openWithAny(vector)).toThrow('does not open');
});

/** Those that a row can be made of, and that nobody takes for plaintext. */
const inRows = files.filter((file) => {
  const { store, column, parts, sealed, plaintext } = read(file);
  const isPlace = store === 'zoho' && column === 'access_token' && parts.length === 2;
  return isPlace && plaintext !== '' && sealed.startsWith('tk1.');
});

it.each(inRows)('the store agrees: %s', async (file) => {
  const { keys, parts, sealed, plaintext } = read(file);
  const [id, provider] = parts as [string, string];
  await scene.database.client.query('DELETE FROM oauth_tokens');
  await scene.database.client.query(
    `INSERT INTO oauth_tokens (client_id, provider, access_token, refresh_token, token_expiry)
     VALUES ($1, $2, $3, 'refresh', clock_timestamp() AT TIME ZONE 'UTC' + interval '1 hour')`,
    [id, provider, sealed],
  );
  const token = scene.keep({ tokenkeepKey: keys }).zoho.getAccessToken(id, provider, CREDENTIALS);
  if (file.startsWith('opens-')) expect(await token).toBe(plaintext);
  else await expect(token).rejects.toMatchObject({ code: 'ERR_TOKENKEEP_DECRYPTION' });
});
