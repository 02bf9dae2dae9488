/**
 * Has one token endpoint be another provider to each instance. Gives a function that admits a new
 * instance and returns its name, which the endpoint knows it by.
 *
 * @param {import('../scene.mjs').Scene['endpoint']} endpoint
 */
export function admitInstances(endpoint) {
  /** @type {Map<string, { rotate: boolean, answer: Answerer }>} */
  const instances = new Map();
  endpoint.script(async (request) => {
    const instance = instances.get(request.form.client_secret);
    return { rotate: instance?.rotate, ...(await instance?.answer(request)) };
  });

  /**
   * @param {boolean} rotate
   * @param {Answerer} [answer] what is made of its requests
   *
   * @typedef {import('../../../support/token-endpoint.mjs').Step} Step
   * @typedef {(request: import('../../../support/token-endpoint.mjs').Request) => Promise<Step>} Answerer
   */
  return (rotate, answer = async () => ({})) => {
    const name = `instance-${instances.size}`;
    instances.set(name, { rotate, answer });
    return name;
  };
}
