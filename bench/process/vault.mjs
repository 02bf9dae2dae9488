/** What a process of the vault's benchmarks does. */
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { decrypt, encrypt } from 'tokenkeep/vault';

import { createCrypto } from '../../support/old-vault/index.mjs';
import { openVault } from '../peers/vaults.mjs';
import { expiresInAnHour, newTokens } from '../rows.mjs';
import { load } from './load.mjs';

/** tokenkeep opens so many values for each one of the other. */
const burst = 200;

export const vaultTasks = {
  /** Nanoseconds of a `decrypt` of a value whose salt was seen before, one call after the other. */
  async decryptVault({ secret, decrypts }) {
    process.env.ENCRYPTION_SECRET = secret;
    const old = createCrypto(secret);
    const { accessToken } = newTokens();
    const sealed = await encrypt(accessToken);
    if ((await old.decrypt(sealed)) !== accessToken || (await decrypt(sealed)) !== accessToken) {
      throw new Error('One cannot open what the other sealed');
    }
    return {
      tokenkeep: await nanosOfOne(() => decrypt(sealed), decrypts * burst),
      drizzle: await nanosOfOne(() => old.decrypt(sealed), decrypts),
    };
  },

  /** How late timers come while many tokens are read at once whose keys nobody has derived yet. */
  async delayVault({ settings, tenants, idleMs }) {
    const { vault, close } = openVault('tokenkeep', settings);
    // Connects the pool; a tenant without a token has no key either.
    const read = (tenantId, type = 'access_token') => vault.getToken(tenantId, 'google', type);
    await Promise.all(tenants.map((tenantId) => read(tenantId, 'api_key')));
    const idleP99Ms = await loopDelayP99Ms(() => sleep(idleMs));
    const start = performance.now();
    const busyP99Ms = await loopDelayP99Ms(() => Promise.all(tenants.map((id) => read(id))));
    const tookMs = performance.now() - start;
    await close();
    return { idleP99Ms, busyP99Ms, tookMs };
  },

  /** `storeToken` of tokens that are there already. */
  async storeVault({ name, settings, tenants, size }) {
    const { vault, close } = openVault(name, settings);
    // Made before: random bytes are not what is measured.
    const tokens = Array.from({ length: 256 }, newTokens);
    const expiresAt = expiresInAnHour();
    let next = 0;
    const measured = await load(() => {
      const { accessToken: value } = tokens[next++ % tokens.length];
      const tenantId = tenants[Math.floor(Math.random() * tenants.length)];
      return vault.storeToken(tenantId, 'google', 'access_token', { value, expiresAt });
    }, size);
    await close();
    return measured;
  },
};

async function nanosOfOne(run, calls) {
  const start = performance.now();
  for (let call = 0; call < calls; call++) await run();
  return ((performance.now() - start) * 1e6) / calls;
}

async function loopDelayP99Ms(work) {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  await work();
  delay.disable();
  return delay.percentile(99) / 1e6;
}
