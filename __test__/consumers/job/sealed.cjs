const gmail = require('tokenkeep/gmail');
const { decryptToken, encryptToken } = require('tokenkeep/crypto');
const assert = require('node:assert/strict');
const { createDecipheriv } = require('node:crypto');
const { job } = require('./index.cjs');

// What this machine seals, Node's own crypto opens.
const [nonce, tag, text] = encryptToken('Grüße')
  .split(':')
  .map((part) => Buffer.from(part, 'hex'));
const key = Buffer.from(process.env.GMAIL_ENCRYPTION_KEY, 'hex');
const decipher = createDecipheriv('aes-256-gcm', key, nonce).setAuthTag(tag);
assert.equal(Buffer.concat([decipher.update(text), decipher.final()]).toString(), 'Grüße');
assert.equal(decryptToken(encryptToken('Grüße')), 'Grüße');

const on = `${process.arch}, Node ${process.versions.node}`;
job(gmail).then(() => console.log(`done on ${on}`));
