/**
 * Runs `load` without oidc-provider's warning about Node versions other than the newest LTS. Other output is
 * not changed.
 *
 * @template T
 * @param {() => Promise<T>} load
 * @returns {Promise<T>}
 */
export async function quietly(load) {
  const { warn } = console;
  console.warn = (...args) => {
    if (!/oidc-provider WARNING: Unsupported runtime/.test(args[0])) warn(...args);
  };
  try {
    return await load();
  } finally {
    console.warn = warn;
  }
}

/**
 * Stores everything for oidc-provider, whose default storage silently drops entries beyond 1000.
 */
export function memoryAdapter() {
  const models = new Map();
  return (model) => {
    if (!models.has(model)) models.set(model, new Map());
    const entries = models.get(model);
    return {
      upsert: async (id, payload) => void entries.set(id, payload),
      find: async (id) => entries.get(id),
      findByUid: async (uid) => [...entries.values()].find((payload) => payload.uid === uid),
      destroy: async (id) => void entries.delete(id),
      consume: async (id) => {
        entries.get(id).consumed = Math.floor(Date.now() / 1000);
      },
      revokeByGrantId: async (grantId) => {
        for (const [id, payload] of entries) {
          if (payload.grantId === grantId) entries.delete(id);
        }
      },
    };
  };
}
