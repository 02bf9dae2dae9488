import { AsyncLocalStorage } from 'node:async_hooks';

/** Which call a statement belongs to. */
export const call = new AsyncLocalStorage();

/**
 * Puts itself around the old service's lock statement, which it sends after it has read the row.
 *
 * @param {import('pg').Pool} pool of the old service
 * @param {{ before?: () => unknown, refused?: () => unknown }} hooks
 */
export function aroundLock(pool, { before, refused }) {
  const query = pool.query.bind(pool);
  pool.query = async (config, ...rest) => {
    const text = config.text ?? config;
    const isLock = /^update "gmail_tokens" set "refreshing_at" = .* returning/.test(text);
    if (!isLock) return query(config, ...rest);
    await before?.();
    const result = await query(config, ...rest);
    if (result.rows.length === 0) refused?.();
    return result;
  };
}
