/** A process that asks for one token many times at once, as the test that started it commands. */
import { createTokenKeep } from 'tokenkeep';

let keep;

const commands = {
  // The connection to the database is open before anybody calls.
  open: async ({ options, user, provider }) => {
    keep = createTokenKeep(options);
    await keep.integration.getToken(user, provider);
  },
  call: ({ user, provider, calls }) =>
    Promise.all(
      Array.from({ length: calls }, () =>
        keep.integration.getValidToken(user, provider).then(
          ({ accessToken }) => accessToken,
          ({ code }) => code,
        ),
      ),
    ),
  close: () => keep.close(),
};

process.on('message', async ({ command, argument }) => {
  process.send({ answer: await commands[command](argument) });
});
process.on('disconnect', () => process.exit());
