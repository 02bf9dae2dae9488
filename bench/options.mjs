import { parseArgs } from 'node:util';

const usual = [
  'crypto',
  'reads',
  'writes',
  'tenants',
  'storm',
  'calls',
  'rate',
  'memory',
  'limit',
  'tls',
  'delay',
  'pgbouncer',
  'vault',
  'integration',
];
/** Runs only on request: its table takes 12 GB and minutes to create. */
const names = [...usual, 'growth'];
const usage =
  'npm run bench -- [--quick] [--json] [--write] [--against CHECKOUT] ' +
  `[--only ${names.join(',')}], or --from FILE`;

/** The parsed arguments, or what is wrong with them. */
export function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        quick: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        write: { type: 'boolean', default: false },
        against: { type: 'string' },
        from: { type: 'string' },
        only: { type: 'string', default: usual.join(',') },
      },
    });
    const only = values.only.split(',');
    return only.every((name) => names.includes(name)) ? { ...values, only } : usage;
  } catch (error) {
    return `${error.message}\n${usage}`;
  }
}
