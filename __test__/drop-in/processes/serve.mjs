/**
 * Makes the calls that a test sends to this process, as many of each at once as it says, until the
 * test disconnects.
 *
 * @param {Record<string, any>} service the old one, or tokenkeep's functions
 */
export function serve(service) {
  process.on('message', async ({ id, name, args, times }) => {
    const calls = Array.from({ length: times }, () => service[name](...args));
    const settled = await Promise.allSettled(calls);
    const answers = settled.map(({ value, reason }) =>
      reason ? { error: `${reason.name}: ${reason.message}` } : { value },
    );
    process.send({ id, answers });
  });
  process.on('disconnect', () => process.exit());
  process.send({ id: 0 });
}
