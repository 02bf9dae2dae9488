/** `tokenkeep/testing` in strict CommonJS. */

import tokenkeep = require('tokenkeep');
import testing = require('tokenkeep/testing');

const keep: tokenkeep.TokenKeep = testing.fakeTokenKeep();
void keep.gmail.getValidGmailToken('a user');
void testing.startTokenEndpoint().then((endpoint) => endpoint.stop());
