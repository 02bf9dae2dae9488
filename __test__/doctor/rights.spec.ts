/** What the role may do, and what it sees. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { gmailDatabase, type TestDatabase } from '../helpers/database';
import { migrateOn } from '../helpers/tables';
import { examine, nameOf, on, role } from './doctor';

let database: TestDatabase;
let url: string;
beforeEach(async () => {
  database = await gmailDatabase();
  url = await role(database, 'plain');
});
afterEach(async () => {
  await database.client.query(`DROP OWNED BY ${nameOf(url)} CASCADE`);
  await database.client.query(`DROP ROLE ${nameOf(url)}`);
  await database.drop();
});

const sql = (text: string) => database.client.query(text.replaceAll('{role}', nameOf(url)));
const look = async (id: string) =>
  (await examine(on(database, { DATABASE_URL: url }), ['--offline', '--store', 'gmail'])).check(id);

describe('rights', () => {
  it('that are missing are named, and so is the statement that grants them: then they are there', async () => {
    await sql('GRANT SELECT, INSERT ON gmail_tokens TO {role}');
    const told = await look('gmail.rights');
    expect(told).toMatchObject({
      status: 'problem',
      found: `The role ${nameOf(url)} lacks UPDATE and DELETE on public.gmail_tokens.`,
      fix: `As the owner: GRANT UPDATE, DELETE ON public.gmail_tokens TO ${nameOf(url)};`,
    });
    await sql(told!.fix!.replace('As the owner: ', ''));
    expect(await look('gmail.rights')).toMatchObject({ status: 'ok' });
  });

  it('to use the schema are missed', async () => {
    await sql('CREATE SCHEMA "App one"');
    await migrateOn(database, { stores: ['gmail'] }, { schema: 'App one' });
    await sql('GRANT ALL ON "App one".gmail_tokens TO {role}');
    const inSchema = async () => {
      const args = ['--offline', '--store', 'gmail', '--schema', 'App one'];
      return examine(on(database, { DATABASE_URL: url }), args);
    };
    const { check } = await inSchema();
    expect(check('gmail.table')).toMatchObject({ status: 'unknown' });
    const told = check('gmail.rights');
    expect(told).toMatchObject({ status: 'problem' });
    await sql(told!.fix!.replace('As the owner: ', ''));
    expect((await inSchema()).check('gmail.rights')).toMatchObject({ status: 'ok' });
    expect((await inSchema()).check('gmail.table')).toMatchObject({ status: 'ok' });
  });

  it('to delete are not asked for where nothing is deleted', async () => {
    await migrateOn(database, { stores: ['zoho'] });
    await sql('GRANT SELECT, INSERT, UPDATE ON oauth_tokens TO {role}');
    const { check } = await examine(on(database, { DATABASE_URL: url }));
    expect(check('zoho.rights')).toMatchObject({ status: 'ok' });
  });
});

describe('row-level security', () => {
  const security = () => look('gmail.row-security');
  beforeEach(() => sql('GRANT ALL ON gmail_tokens TO {role}'));

  it('in force for a plain role means that every call needs withTenant', async () => {
    expect(await security()).toMatchObject({
      status: 'warning',
      found: expect.stringMatching(
        /by app\.current_tenant_id \(tenant_isolation\)\. Every call needs withTenant/,
      ),
      fix: expect.stringContaining(
        'Make calls inside withTenant, or connect tokenkeep, and nothing else, as',
      ),
    });
    expect(await look('gmail.rows')).toMatchObject({
      status: 'unknown',
      found: expect.stringContaining('row-level security hides them'),
    });
  });

  it.each([
    ['has BYPASSRLS', 'ALTER ROLE {role} BYPASSRLS', 'has BYPASSRLS'],
    ['owns the table', 'ALTER TABLE gmail_tokens OWNER TO {role}', 'owns the table'],
    ['is a superuser', 'ALTER ROLE {role} SUPERUSER', 'is a superuser'],
    ['meets a table without it', 'ALTER TABLE gmail_tokens DISABLE ROW LEVEL SECURITY', 'is off'],
  ])('hides nothing from a role that %s', async (_, change, found) => {
    await sql(change);
    expect(await security()).toMatchObject({ status: 'ok', found: expect.stringContaining(found) });
    expect(await look('gmail.rows')).toMatchObject({ status: 'ok' });
    await sql('ALTER ROLE {role} NOSUPERUSER');
    await sql('ALTER TABLE gmail_tokens OWNER TO CURRENT_USER');
  });

  it('that is forced holds for the owner, too', async () => {
    await sql('ALTER TABLE gmail_tokens OWNER TO {role}');
    await sql('ALTER TABLE gmail_tokens FORCE ROW LEVEL SECURITY');
    expect(await security()).toMatchObject({ status: 'warning' });
    await sql('ALTER TABLE gmail_tokens OWNER TO CURRENT_USER');
  });

  it('without a policy hides everything', async () => {
    await sql('DROP POLICY tenant_isolation ON gmail_tokens');
    const hidden = { status: 'problem', found: expect.stringContaining('all rows are hidden') };
    expect(await security()).toMatchObject(hidden);
    await sql('CREATE POLICY of_others ON gmail_tokens TO CURRENT_USER USING (true)');
    expect(await security()).toMatchObject(hidden);
  });

  it('by a policy that asks for something else, or in a function, is reported', async () => {
    await sql('DROP POLICY tenant_isolation ON gmail_tokens');
    await sql('CREATE POLICY odd ON gmail_tokens USING (length(user_id) > 3)');
    expect(await security()).toMatchObject({
      status: 'warning',
      found: expect.stringContaining('by a function (odd)'),
      fix: expect.stringContaining('use app.current_tenant_id in the policies'),
    });
  });
});
