/** The tasks of a process of the vault benchmarks. */
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';

import { decrypt, encrypt } from 'tokenkeep/vault';

import { createCrypto } from '../../support/old-vault/index.mjs';
import { openVault } from '../peers/vaults.mjs';
import { expiresInAnHour, newTokens } from '../tokens.mjs';
import { load } from './load.mjs';

/** How many values tokenkeep opens for each one of the hand-written service. */
const burst = 200;

/** Nanoseconds per `decrypt` of a value with a cached salt, sequentially. */
export async function decryptVault({ secret, decrypts }) {
  process.env.ENCRYPTION_SECRET = secret;
  const old = createCrypto(secret);
  const { accessToken } = newTokens();
  const sealed = await encrypt(accessToken);
  if ((await old.decrypt(sealed)) !== accessToken || (await decrypt(sealed)) !== accessToken) {
    throw new Error('One implementation cannot open a value that the other sealed');
  }
  return {
    tokenkeep: await nanosOfOne(() => decrypt(sealed), decrypts * burst),
    drizzle: await nanosOfOne(() => old.decrypt(sealed), decrypts),
  };
}

/** The event loop delay while many tokens with underived keys are read at once. */
export async function delayVault({ settings, tenants, idleMs }) {
  const { vault, close } = openVault('tokenkeep', settings);
  // Connects the pool; a tenant without a token needs no key.
  const read = (tenantId, type = 'access_token') => vault.getToken(tenantId, 'google', type);
  await Promise.all(tenants.map((tenantId) => read(tenantId, 'api_key')));
  const idleP99Ms = await loopDelayP99Ms(() => sleep(idleMs));
  const start = performance.now();
  const busyP99Ms = await loopDelayP99Ms(() => Promise.all(tenants.map((id) => read(id))));
  const tookMs = performance.now() - start;
  await close();
  return { idleP99Ms, busyP99Ms, tookMs };
}

/** `storeToken` of existing tokens. */
export async function storeVault({ name, settings, tenants, size }) {
  const { vault, close } = openVault(name, settings);
  // Created in advance: generating random bytes is not measured.
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
}

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
