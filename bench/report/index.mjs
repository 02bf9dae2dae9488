import { cryptoText } from './crypto.mjs';
import { growthText } from './growth.mjs';
import { integrationText } from './integration.mjs';
import { loadText } from './load.mjs';
import { machineLines } from './machine.mjs';
import { olderText } from './older.mjs';
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
    vault: vaultText,
    integration: integrationText,
    growth: growthText,
  };
  const measured = Object.entries(texts).filter(([name]) => name in result);
  return [...measured.map(([name, text]) => text(result[name])), olderText(result)].filter(Boolean);
}
