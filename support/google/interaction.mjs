/**
 * Sign-in and consent.
 *
 * @typedef {{ accountId: string, agrees: boolean }} User
 */

/** Signs in without a browser as the user that the link names, and grants everything or nothing. */
export async function agree(provider, user, request, response) {
  const { prompt, params } = await provider.interactionDetails(request, response);
  if (prompt.name === 'login') {
    return finish(provider, request, response, signIn(params.login_hint ?? user.accountId));
  }
  const result = user.agrees ? await consent(provider, request, response) : DENIED;
  return finish(provider, request, response, result);
}

/** Two pages with a form each, for a user with a browser. */
export async function ask(provider, _user, request, response) {
  const { prompt, params } = await provider.interactionDetails(request, response);
  if (request.method !== 'POST') {
    const content = prompt.name === 'login' ? LOGIN : consentPage(params.scope);
    return response
      .writeHead(200, { 'content-type': 'text/html; charset=utf-8' })
      .end(page(content));
  }
  const form = await formOf(request);
  if (prompt.name === 'login') {
    return finish(provider, request, response, signIn(form.get('account')));
  }
  const agrees = form.get('answer') === 'allow';
  const result = agrees ? await consent(provider, request, response) : DENIED;
  return finish(provider, request, response, result);
}

const DENIED = { error: 'access_denied', error_description: 'the user does not agree' };

const signIn = (accountId) => ({ login: { accountId } });

async function consent(provider, request, response) {
  const { params, session, grantId } = await provider.interactionDetails(request, response);
  const { Grant } = provider;
  const grant = grantId
    ? await Grant.find(grantId)
    : new Grant({ accountId: session.accountId, clientId: params.client_id });
  grant.addOIDCScope(params.scope);
  return { consent: { grantId: await grant.save() } };
}

function finish(provider, request, response, result) {
  return provider.interactionFinished(request, response, result, {
    mergeWithLastSubmission: false,
  });
}

async function formOf(request) {
  let body = '';
  for await (const chunk of request.setEncoding('utf8')) body += chunk;
  return new URLSearchParams(body);
}

const LOGIN = `<h1>Sign in</h1>
<form method="post"><label>Account <input name="account" required></label> <button>Next</button></form>`;

const consentPage = (scope) => `<h1>Allow access?</h1>
<p>${scope.replaceAll('<', '&lt;')}</p>
<form method="post">
  <button name="answer" value="allow">Allow</button>
  <button name="answer" value="deny">Cancel</button>
</form>`;

const page = (content) => `<!doctype html><html lang="en"><title>Accounts</title>${content}</html>`;
