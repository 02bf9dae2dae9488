/**
 * Has one token endpoint be another provider to each client. Gives a function that admits a new
 * client and returns its id.
 *
 * @param {import('../scene.mjs').Scene['endpoint']} endpoint
 */
export function admitClients(endpoint) {
  /** @type {Map<string, { rotate: boolean, answer: Answerer }>} */
  const clients = new Map();
  endpoint.script(async (request) => {
    const client = clients.get(request.form.client_id);
    return { rotate: client?.rotate, ...(await client?.answer(request)) };
  });

  /**
   * @param {boolean} rotate
   * @param {Answerer} [answer] what is made of its requests
   *
   * @typedef {import('../../../support/token-endpoint.mjs').Step} Step
   * @typedef {(request: import('../../../support/token-endpoint.mjs').Request) => Promise<Step>} Answerer
   */
  return (rotate, answer = async () => ({})) => {
    const id = `client-${clients.size}`;
    clients.set(id, { rotate, answer });
    return id;
  };
}
