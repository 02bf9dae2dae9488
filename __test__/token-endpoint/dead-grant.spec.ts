/** `invalid_grant`, `login_required` and their kin: the grant is dead, and the row goes. */

import { beforeEach, describe, expect, it } from 'vitest';
import { failing } from '../helpers/refresh-outcome';
import { failureOf } from '../helpers/promises';
import { useScene } from '../helpers/scene';

const scene = useScene();
beforeEach(() => scene.knownClient());

const dead = { status: 400, body: { error: 'invalid_grant' } };

describe('a dead grant', () => {
  it.each([
    ['invalid_grant', 400, { error: 'invalid_grant' }],
    ['invalid_grant with status 401', 401, { error: 'invalid_grant' }],
    ['invalid_grant with status 403', 403, { error: 'invalid_grant', error_description: 'x' }],
    ['invalid_grant with status 200', 200, { error: 'invalid_grant' }],
    ['invalid_grant beside a token', 200, { access_token: 'at', error: 'invalid_grant' }],
    ['invalid_code', 400, { error: 'invalid_code' }],
    ['invalid_code with status 200', 200, { error: 'invalid_code' }],
    ['interaction_required', 400, { error: 'interaction_required', suberror: 'basic_action' }],
    ['login_required', 400, { error: 'login_required' }],
    ['consent_required', 400, { error: 'consent_required' }],
    ['account_selection_required', 400, { error: 'account_selection_required' }],
    [
      "Salesforce's invalid_grant of a token that has expired",
      400,
      { error: 'invalid_grant', error_description: 'expired access/refresh token' },
    ],
    ["403 with a Retry-After and Atlassian's code", 403, { error: 'invalid_grant' }],
  ])('%s deletes the row and is GmailTokenRevokedError', async (_, status, body) => {
    const bystander = await scene.user();
    const theirs = await scene.row(bystander);
    const { error, user, after } = await failing(scene, { status, body });
    expect(error).toMatchObject({
      name: 'GmailTokenRevokedError',
      code: 'ERR_TOKENKEEP_REVOKED',
      retryable: false,
    });
    expect(after).toBeUndefined();
    expect(await scene.row(bystander)).toEqual(theirs);
    const next = await failureOf(scene.keep().gmail.getValidGmailToken(user.id));
    expect(next).toMatchObject({ name: 'GmailNotConnectedError' });
    expect(scene.endpoint.requests).toHaveLength(1);
  });

  it('is the error of every caller that waited', async () => {
    const user = await scene.user();
    scene.endpoint.script([{ ...dead, delayMs: 300 }]);
    const keep = scene.keep();
    const calls = Array.from({ length: 20 }, () =>
      failureOf(keep.gmail.getValidGmailToken(user.id)),
    );
    const names = new Set((await Promise.all(calls)).map((error) => error.name));
    // One that has read late finds no row any more.
    names.delete('GmailNotConnectedError');
    expect([...names]).toEqual(['GmailTokenRevokedError']);
    expect(scene.endpoint.requests).toHaveLength(1);
  });

  it('is an error even while the old access token would be usable', async () => {
    const user = await scene.user({ left: 200 });
    scene.endpoint.script([dead]);
    expect(await failureOf(scene.keep().gmail.getValidGmailToken(user.id))).toMatchObject({
      name: 'GmailTokenRevokedError',
    });
    expect(await scene.row(user)).toBeUndefined();
  });
});
