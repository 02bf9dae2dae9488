/** Checks whether the connection is encrypted, and what is verified. */

import { type Check, ok, warning } from './check';
import type { Attempt, Facts, TlsMode } from './findings';

const id = 'database.tls';

const CHECKED: Record<TlsMode, string> = {
  disable: 'nothing is verified',
  prefer: 'the server is verified in full if it has TLS',
  'verify-full': 'the server’s certificate and name are verified',
  'verify-ca': 'the server’s certificate is verified, but not its name',
  'no-verify': 'nothing is verified',
};

const FIX =
  'Set sslmode=verify-full in DATABASE_URL. If the server’s certificate is not from a public authority, set sslrootcert to the certificate of its authority.';

/** `viaPooler`: the server reports the pooler’s connection, not ours. */
export function tlsCheck(used: Attempt, facts: Facts, mode: TlsMode, viaPooler: boolean): Check {
  const { host } = used;
  const isNear = isLoopback(host);
  const values = { mode, isLoopback: isNear, viaPooler, server: facts.tls };
  const seen = facts.tls ? `${facts.tls.version}, ${facts.tls.cipher}` : 'not encrypted';
  const behind = viaPooler ? ` From the pooler to the server: ${seen}.` : '';
  const isKnown = mode !== 'prefer' || !viaPooler;
  const isEncrypted = mode === 'prefer' ? facts.tls !== null : mode !== 'disable';
  const ours = viaPooler ? 'Encrypted' : `Encrypted (${seen})`;

  if (host.startsWith('/')) return ok(id, 'A Unix socket needs no encryption.', values);
  if (!isKnown) {
    const found = `Encrypted if the pooler has TLS, otherwise not (sslmode=prefer).${behind}`;
    return isNear ? ok(id, found, values) : warning(id, found, FIX, values);
  }
  if (!isEncrypted) {
    const found = `The connection to ${host} is not encrypted.${behind}`;
    return isNear
      ? ok(id, `${found} It does not leave this machine.`, values)
      : warning(id, found, FIX, values);
  }
  const found = `${ours}; ${CHECKED[mode]} (sslmode=${mode}).${behind}`;
  if (mode === 'no-verify') {
    const risk = 'Anyone on the way to the server can read and change everything.';
    return warning(id, `${found} ${risk}`, FIX, values);
  }
  if (mode === 'prefer' && !isNear) {
    const risk = 'With a server that offers no TLS, the connection would not be encrypted.';
    return warning(id, `${found} ${risk}`, FIX, values);
  }
  return ok(id, found, values);
}

/** Whether a host is this machine, by its name. */
export function isLoopback(host: string): boolean {
  return host.startsWith('/') || /^(localhost|127(\.\d{1,3}){3}|::1|\[::1\])$/i.test(host);
}
