const pg = require('pg');

module.exports = async () => {
  const { jestServer: server } = globalThis;
  // A server that is not ours stays: our database must not.
  if (!server.embedded) {
    const client = new pg.Client(server.url);
    await client.connect();
    const name = new URL(process.env.JEST_DATABASE_URL).pathname.slice(1);
    await client.query(`DROP DATABASE ${pg.escapeIdentifier(name)} WITH (FORCE)`);
    await client.end();
  }
  await server.stop();
};
