/** A proxy before Google's token endpoint that changes requests and answers. */

import { onTestFinished } from 'vitest';

import { startTokenEndpoint } from '../../support/token-endpoint.mjs';

type Form = Record<string, string>;
type Answer = Record<string, unknown>;

export interface Changes {
  request?: (form: Form) => Form;
  answer?: (answer: Answer) => Answer;
}

/** The same without one field. */
export function without<Value>(name: string) {
  return (fields: Record<string, Value>): Record<string, Value> =>
    Object.fromEntries(Object.entries(fields).filter(([other]) => other !== name));
}

/** Starts one until the end of the test; `requests` are those that it got. */
export async function startChangingProxy(
  google: { tokenUrl: string },
  { request, answer }: Changes,
) {
  const endpoint = await startTokenEndpoint();
  onTestFinished(() => endpoint.close());
  endpoint.script(async ({ form }) => {
    const body = new URLSearchParams(request?.(form) ?? form);
    const response = await fetch(google.tokenUrl, { method: 'POST', body });
    const said = (await response.json()) as Answer;
    return { status: response.status, body: answer?.(said) ?? said };
  });
  return endpoint;
}
