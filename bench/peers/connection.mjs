import { readFileSync } from 'node:fs';

/** The URL with which tokenkeep and node-postgres check the server's certificate. @param {import('./index.mjs').Settings} settings */
export function urlOf({ databaseUrl, caFile }) {
  if (!caFile) return databaseUrl;
  const url = new URL(databaseUrl);
  url.searchParams.set('sslmode', 'verify-full');
  url.searchParams.set('sslrootcert', caFile);
  return url.href;
}

/** The same check as an option of postgres.js. @param {import('./index.mjs').Settings} settings */
export function tlsOf({ caFile }) {
  return caFile ? { ca: readFileSync(caFile) } : false;
}
