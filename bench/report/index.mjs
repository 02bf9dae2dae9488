import { callsText } from './calls.mjs';
import { cryptoText } from './crypto.mjs';
import { growthText } from './growth.mjs';
import { integrationText } from './integration.mjs';
import { limitText } from './limit.mjs';
import { loadText } from './load.mjs';
import { machineLines } from './machine.mjs';
import { memoryText } from './memory.mjs';
import { olderText } from './older.mjs';
import { rateText } from './rate.mjs';
import { stormText } from './storm.mjs';
import { tenantsText } from './tenants.mjs';
import { vaultText } from './vault.mjs';

/** Formats the results as text. Figures are medians over the rounds, ratios are `median [min-max]`. */
export function report(result) {
  return [machineLines(result.environment), ...sections(result)].join('\n\n');
}

/** Each benchmark's tables. @returns {string[]} */
export function sections(result) {
  const loads = (title) => (results) => results.map((one) => loadText(title, one)).join('\n\n');
  const texts = {
    crypto: cryptoText,
    reads: loads('reads of fresh tokens'),
    writes: loads('upserts'),
    tenants: tenantsText,
    storm: stormText,
    calls: callsText,
    rate: rateText,
    memory: memoryText,
    limit: limitText,
    tls: loads('reads over TLS'),
    delay: delayText,
    pgbouncer: pgbouncerText,
    vault: vaultText,
    integration: integrationText,
    growth: growthText,
  };
  const measured = Object.entries(texts).filter(([name]) => name in result);
  const told = measured.map(([name, text]) =>
    result[name] ? text(result[name]) : `  ${name}: not measured, ${missing[name]}`,
  );
  return [...told, olderText(result)].filter(Boolean);
}

/** What a machine lacks on which a benchmark cannot run. */
const missing = {
  limit: 'as pgbench is not installed',
  tls: 'as openssl is not installed',
  pgbouncer: 'as PgBouncer is not installed',
};

function delayText({ roundTripMs: { direct, delayed }, results }) {
  const added = (delayed.median - direct.median).toFixed(2);
  const note = `  The proxy adds ${added} ms to a round trip of ${direct.median.toFixed(2)} ms.`;
  const title = 'reads with 1 ms of delay';
  return [...results.map((one) => loadText(title, one)), note].join('\n\n');
}

function pgbouncerText({ version, reads, writes }) {
  const through = `through PgBouncer ${version}`;
  return [
    ...reads.map((one) => loadText(`reads ${through}`, one)),
    ...writes.map((one) => loadText(`upserts ${through}`, one)),
  ].join('\n\n');
}
