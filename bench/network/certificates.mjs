import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const newKey = '-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes';

/** Whether OpenSSL's program is there, which makes the certificates. */
export function hasOpenssl() {
  try {
    openssl('version');
    return true;
  } catch {
    return false;
  }
}

/**
 * Makes an authority, and a certificate that it signs for `localhost`, both for two days.
 *
 * @returns {{ authority: string, certificate: string, key: string, remove: () => void }} paths
 */
export function makeCertificates() {
  const folder = mkdtempSync(join(tmpdir(), 'tokenkeep-bench-tls-'));
  const path = (name) => join(folder, name);
  const [authority, authorityKey] = [path('authority.pem'), path('authority.key')];
  const [certificate, key, request] = [path('server.pem'), path('server.key'), path('request')];
  openssl(`req -x509 ${newKey} -days 2 -subj /CN=tokenkeep-bench`, {
    keyout: authorityKey,
    out: authority,
  });
  openssl(`req -new ${newKey} -subj /CN=localhost`, { keyout: key, out: request });
  writeFileSync(path('extensions'), 'subjectAltName=DNS:localhost\n');
  openssl('x509 -req -days 2 -CAcreateserial', {
    in: request,
    CA: authority,
    CAkey: authorityKey,
    extfile: path('extensions'),
    out: certificate,
  });
  return { authority, certificate, key, remove: () => rmSync(folder, { recursive: true }) };
}

/** @param {string} command @param {Record<string, string>} [files] options with a path */
function openssl(command, files = {}) {
  const paths = Object.entries(files).flatMap(([option, file]) => [`-${option}`, file]);
  execFileSync('openssl', [...command.split(' '), ...paths], { stdio: 'ignore' });
}
