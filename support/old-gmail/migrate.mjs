import { readFileSync } from 'node:fs';
import pg from 'pg';

/**
 * Creates the application's tables in an empty database.
 *
 * @param {string} databaseUrl
 * @param {'by hand' | 'generated'} [written] how the application writes its migrations
 */
export async function migrate(databaseUrl, written = 'by hand') {
  const gmail = written === 'by hand' ? '0028_add_gmail_tokens.sql' : '0028_generated.sql';
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    for (const name of ['0000_application.sql', gmail]) {
      await client.query(readFileSync(new URL(`migrations/${name}`, import.meta.url), 'utf8'));
    }
  } finally {
    await client.end();
  }
}
