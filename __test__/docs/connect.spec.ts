/** The application of docs/connect.md as it stands, with other servers in the place of Microsoft and HubSpot. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { freePort } from '../../support/free-port.mjs';
import { emptyDatabase, KEY } from '../helpers/database';
import { migrateOn } from '../helpers/tables';
import { startSecondServer } from '../http/second-server.mjs';
import { Visitor } from '../http/visitor';

const USER = { 'x-user': 'ada' };

/** The application of the page. */
function application(): string {
  const page = readFileSync(join(import.meta.dirname, '../../docs/connect.md'), 'utf8');
  const [, code = ''] = /## Any provider[^]*?```js\n([^]*?)```/.exec(page) ?? [];
  return code;
}

it('users connect at Microsoft and HubSpot with at most 25 lines of application code', async () => {
  const code = application();
  const lines = code.split('\n').filter((line) => line.trim() && !line.startsWith('//'));
  expect(lines.length).toBeLessThanOrEqual(25);

  const database = await emptyDatabase();
  await migrateOn(database, { stores: ['integration'] });
  const port = await freePort();
  const base = `http://127.0.0.1:${port}/oauth`;
  const [microsoft, hubspot] = await Promise.all(
    ['microsoft', 'hubspot'].map((name) => startSecondServer(`${base}/callback/${name}`)),
  );
  // Below the repository, where `tokenkeep` and `express` are found.
  const folder = mkdtempSync(join(import.meta.dirname, 'connect-'));
  // What the page leaves to the application: a session, the use of the token, a port.
  const session = `
app.use((request, _response, next) => {
  request.session = { userId: request.headers['x-user'] };
  next();
});`;
  const rest = `
const fetchMail = async (accessToken) => accessToken;
app.listen(${port}, '127.0.0.1', () => process.stdout.write('ready'));
`;
  const main = join(folder, 'server.mjs');
  writeFileSync(main, code.replace('const app = express();', `$&${session}`) + rest);
  const clientOf = (name: string, server: typeof microsoft) => ({
    [`TOKENKEEP_${name}_CLIENT_ID`]: server!.clientId,
    [`TOKENKEEP_${name}_CLIENT_SECRET`]: server!.clientSecret,
    [`TOKENKEEP_${name}_AUTHORIZATION_URL`]: server!.authorizationUrl,
    [`TOKENKEEP_${name}_TOKEN_URL`]: server!.tokenUrl,
  });
  const child = spawn(process.execPath, [main], {
    env: {
      PATH: process.env['PATH'],
      DATABASE_URL: database.url,
      TOKENKEEP_KEY: KEY,
      TOKENKEEP_CONNECT_URL: base,
      ...clientOf('MICROSOFT', microsoft),
      ...clientOf('HUBSPOT', hubspot),
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(async () => {
    child.kill();
    await once(child, 'exit');
    rmSync(folder, { recursive: true });
    microsoft!.close();
    hubspot!.close();
    await database.drop();
  });
  await once(child.stdout, 'data');

  const visitor = new Visitor();
  for (const provider of ['microsoft', 'hubspot']) {
    const started = await visitor.request(`${base}/connect/${provider}`, { headers: USER });
    const consent = await visitor.request(started.headers.get('location')!);
    const back = consent.headers.get('location')!;
    const done = await visitor.request(back, { headers: USER });
    expect([done.status, done.headers.get('location')]).toEqual([
      303,
      `http://127.0.0.1:${port}/settings`,
    ]);
  }
  const mail = await fetch(`http://127.0.0.1:${port}/mail`, { headers: USER });
  expect(await mail.text()).toMatch(/^\w{40,}$/);
  const { rows } = await database.client.query(
    'SELECT provider, scopes FROM integration_tokens ORDER BY provider',
  );
  expect(rows).toEqual([
    { provider: 'hubspot', scopes: ['crm.objects.contacts.read'] },
    // Without offline_access, which no response names.
    { provider: 'microsoft', scopes: ['User.Read', 'Mail.Read', 'offline_access'] },
  ]);
});
