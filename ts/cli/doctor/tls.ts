/** Whether the connection is encrypted, and what was checked. */

import { type Check, ok, warning } from './check';
import type { Attempt, Facts, TlsMode } from './findings';

const id = 'database.tls';

const CHECKED: Record<TlsMode, string> = {
  disable: 'nothing is checked',
  prefer: 'the server is checked in full where it has TLS',
  'verify-full': 'the server’s certificate and name are checked',
  'verify-ca': 'the server’s certificate is checked, but not its name',
  'no-verify': 'nothing is checked',
};

const FIX =
  'Say sslmode=verify-full in DATABASE_URL, and name the authority of the server’s certificate with sslrootcert if it is not a public one.';

/** `viaPooler`: the server sees another connection than ours. */
export function tlsCheck(used: Attempt, facts: Facts, mode: TlsMode, viaPooler: boolean): Check {
  const { host } = used;
  const isNear = isLoopback(host);
  const values = { mode, isLoopback: isNear, viaPooler, server: facts.tls };
  const seen = facts.tls ? `${facts.tls.version}, ${facts.tls.cipher}` : 'not encrypted';
  const behind = viaPooler ? ` From the pooler to the server: ${seen}.` : '';
  const isKnown = mode !== 'prefer' || !viaPooler;
  const isEncrypted = mode === 'prefer' ? facts.tls !== null : mode !== 'disable';
  const ours = viaPooler ? 'Encrypted' : `Encrypted (${seen})`;

  if (host.startsWith('/')) return ok(id, 'A socket of this machine needs no encryption.', values);
  if (!isKnown) {
    const found = `Encrypted where the pooler has TLS (sslmode=prefer): plain otherwise.${behind}`;
    return isNear ? ok(id, found, values) : warning(id, found, FIX, values);
  }
  if (!isEncrypted) {
    const found = `The connection to ${host} is not encrypted.${behind}`;
    return isNear
      ? ok(id, `${found} It stays on this machine.`, values)
      : warning(id, found, FIX, values);
  }
  const found = `${ours}; ${CHECKED[mode]} (sslmode=${mode}).${behind}`;
  if (mode === 'no-verify') {
    const risk = 'Whoever stands in between can read and change everything.';
    return warning(id, `${found} ${risk}`, FIX, values);
  }
  if (mode === 'prefer' && !isNear) {
    const risk = 'A server that offers no TLS would be spoken to in plain.';
    return warning(id, `${found} ${risk}`, FIX, values);
  }
  return ok(id, found, values);
}

/** Whether a host is this machine, by its name. */
export function isLoopback(host: string): boolean {
  return host.startsWith('/') || /^(localhost|127(\.\d{1,3}){3}|::1|\[::1\])$/i.test(host);
}
