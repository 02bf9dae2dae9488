/** Tenants of fibers: a fiber's turn may have been begun for somebody else. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StoredToken } from 'tokenkeep/effect';
import { MAJORS } from './majors';
import { StoreScene } from './store-scene';

const [A, B] = ['tenant-a', 'tenant-b'];

describe.each(MAJORS)('withCurrentTenant of Effect %s', (version) => {
  const scene = new StoreScene(version);

  beforeAll(async () => {
    const { client, url } = scene.setting.database;
    const role = `fibers_${client.database}`;
    await client.query(`CREATE ROLE ${role} LOGIN PASSWORD 'role';
      ALTER TABLE integration_tokens
        ADD COLUMN tenant_id text DEFAULT current_setting('app.current_tenant_id', true),
        ENABLE ROW LEVEL SECURITY;
      CREATE POLICY tenant ON integration_tokens
        USING (tenant_id = current_setting('app.current_tenant_id', true));
      GRANT ALL ON integration_tokens TO ${role}`);
    const asRole = new URL(url);
    [asRole.username, asRole.password] = [role, 'role'];
    process.env['DATABASE_URL'] = asRole.href;
  });

  afterAll(async () => {
    const { client } = scene.setting.database;
    const role = `fibers_${client.database}`;
    await client.query(`DROP OWNED BY ${role}`);
    await client.query(`DROP ROLE ${role}`);
  });

  it('is the fiber’s own, also where fibers share their turns', async () => {
    const { Effect, tokenkeep } = scene.major;
    const token = scene.token('of a');
    await scene.run((store) =>
      tokenkeep.withCurrentTenant(A)(store.store('user', 'acme', token as StoredToken)),
    );
    const read = (tenant: string) =>
      scene.withStore((store) =>
        tokenkeep.withCurrentTenant(tenant)(
          Effect.gen(function* () {
            yield* Effect.sleep(1);
            return (yield* store.get('user', 'acme'))._tag;
          }),
        ),
      );
    const tenants = [...Array(40).keys()].map((index) => (index % 2 === 0 ? A : B));
    const answers = await Effect.runPromise(
      Effect.all(tenants.map(read), { concurrency: 'unbounded' }),
    );
    expect(answers).toEqual(tenants.map((tenant) => (tenant === A ? 'Some' : 'None')));
  });

  it('is not that of withTenant, which another caller’s turn may be in', async () => {
    const { Effect, withTenant } = scene.major;
    const exit = await withTenant(A, () =>
      Effect.runPromiseExit(scene.withStore((store) => store.get('user', 'acme'))),
    );
    expect(JSON.stringify(exit)).toContain('TENANT_REQUIRED');
  });
});
