/** A process that asks for tokens: makes an instance with the options it is sent, and obeys. */
import { createTokenKeep } from 'tokenkeep';

import { ask, askUntilSettled } from './call.mjs';

let keep;

const commands = {
  open: (options) => void (keep = createTokenKeep(options)),
  ask: (users) => Promise.all(users.map((user) => ask(keep, user))),
  settle: (users) => Promise.all(users.map((user) => askUntilSettled(keep, user))),
  close: (options) => keep.close(options),
};

process.on('message', async ({ id, command, argument }) => {
  const answer = await commands[command](argument);
  // Nobody listens any more when the other side has ended.
  if (process.connected) process.send({ id, answer });
});
process.on('disconnect', () => process.exit());
process.send({ id: 0 });
