// One PostgreSQL server for all files, and the gmail table in it.
const { createTokenKeep } = require('tokenkeep');

module.exports = async () => {
  const { openDatabase } = await import('../../support/postgres.mjs');
  const server = await openDatabase();
  const databaseUrl = await server.createDatabase(`jest_${process.pid}_${Date.now()}`);
  const keep = createTokenKeep({ databaseUrl });
  await keep.migrate({ stores: ['gmail'] });
  await keep.close();
  // Jest gives each file a copy of this; the name is not one that tokenkeep reads.
  process.env.JEST_DATABASE_URL = databaseUrl;
  delete process.env.DATABASE_URL;
  globalThis.jestServer = server;
};
