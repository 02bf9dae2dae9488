/**
 * A process of an application's fleet: tokenkeep's vault, or the old service. Calls what it is told,
 * so many times at once.
 */
import { createTokenKeep } from 'tokenkeep';

import { createOldVaultService } from '../../support/old-vault/index.mjs';

const sides = {
  tokenkeep: (options) => createTokenKeep(options).vault,
  old: ({ databaseUrl, encryptionSecret }) =>
    createOldVaultService({ databaseUrl, secret: encryptionSecret }).service,
};

let vault;

const commands = {
  open: ({ side, options }) => void (vault = sides[side](options)),
  call: async ({ name, args, times }) => {
    const calls = Array.from({ length: times }, () => vault[name](...args));
    const settled = await Promise.allSettled(calls);
    return settled.map(({ value, reason }) => {
      // drizzle wraps what the database says.
      return reason ? { failed: `${reason} ${reason.cause ?? ''}` } : { value };
    });
  },
};

process.on('message', async ({ id, command, ...args }) => {
  process.send({ id, answers: await commands[command](args) });
});
process.on('disconnect', () => process.exit());
process.send({ id: 0 });
