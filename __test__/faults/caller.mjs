/** A process that asks for tokens, as the test that started it commands. */
import { createTokenKeep } from 'tokenkeep';

import { call, callUntilSettled } from './call.mjs';

let keep;

const commands = {
  open: (options) => void (keep = createTokenKeep(options)),
  call: (users) => Promise.all(users.map((user) => call(keep, user))),
  settle: (users) => Promise.all(users.map((user) => callUntilSettled(keep, user))),
  close: (options) => keep.close(options),
};

process.on('message', async ({ id, command, argument }) => {
  const answer = await commands[command](argument);
  // Nobody listens any more when the other side has exited.
  if (process.connected) process.send({ id, answer });
});
process.on('disconnect', () => process.exit());
process.send({ id: 0 });
