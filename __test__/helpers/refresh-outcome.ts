/** One answer of the token endpoint, and what it leaves behind: for the caller and for the row. */

import { expect } from 'vitest';
import type { TokenKeepOptions } from '../../dist/index.js';
import type { Step } from '../../support/token-endpoint.mjs';
import { type Failure, failureOf } from './promises';
import type { Row } from './rows';
import type { Scene, User } from './scene';

/** A call, and the row before and after it. */
export interface Aftermath {
  user: User;
  before: Row;
  after: Row | undefined;
}

/** A user whose token has run out asks while the endpoint answers so, and gets an error. */
export async function failing(
  scene: Scene,
  step: Step,
  options: TokenKeepOptions = {},
): Promise<Aftermath & { error: Failure }> {
  const user = await scene.user();
  const before = (await scene.row(user))!;
  scene.endpoint.script(() => step);
  const error = await failureOf(scene.keep(options).gmail.getValidGmailToken(user.id));
  return { user, before, after: await scene.row(user), error };
}

/** A user whose token is not fresh but usable asks while the endpoint answers so, and gets one. */
export async function tidedOver(
  scene: Scene,
  step: Step,
  options: TokenKeepOptions = {},
): Promise<Aftermath & { accessToken: string }> {
  // Of the five minutes that make a token fresh, and the one that makes it usable.
  const user = await scene.user({ left: 250 / (options.limitsDivisor ?? 1) });
  const before = (await scene.row(user))!;
  scene.endpoint.script(() => step);
  const { accessToken } = await scene.keep(options).gmail.getValidGmailToken(user.id);
  return { user, before, after: await scene.row(user), accessToken };
}

/** The row as it was, but leased: the mark that the refresh token may be spent. */
export function leased(before: Row): Row {
  return { ...before, refreshing_at: expect.any(Date) };
}
