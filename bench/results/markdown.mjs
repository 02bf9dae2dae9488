import { buildOf, machineLines } from '../report/machine.mjs';
import { sections } from '../report/index.mjs';
import { goals, isReached } from './goals.mjs';

const digits = { times: 2, share: 2, milliseconds: 1 };
const suffixes = { times: 'x', share: 'x', milliseconds: ' ms' };

/** The results as a page. @param {Record<string, any>} result @param {string} [picture] its path from the page */
export function page(result, picture) {
  const { quick, environment } = result;
  return `# Results of one run

Written by \`npm run bench -- --write\`. [README.md](README.md) says what is compared, how, and what to make of it.${quick ? ' **This was a quick run (`--quick`): its ranges are wide.**' : ''}

${facts(environment)}
${picture ? `\n<img src="${picture}" width="840" alt="Reads a second by the number of concurrent callers, for each implementation; the table below has the figures.">\n` : ''}
## What must be reached

Medians of ratios that are paired by round, with the lowest and the highest. More is better, except for milliseconds and memory.

${goalTable(result)}

## Figures

Medians over the rounds; ratios and some figures are \`median [min-max]\`.

\`\`\`text
${[machineLines(environment), ...sections(result)].join('\n\n')}
\`\`\`
`;
}

function facts(it) {
  const versions = Object.entries(it.packages).map(([name, version]) => `${name} ${version}`);
  const rows = [
    ['date', it.date.slice(0, 16).replace('T', ' ') + ' UTC'],
    ['tokenkeep', buildOf(it)],
    ['older build', it.older && buildOf(it.older)],
    ['machine', `${it.cores} cores (${it.cpu}), ${it.memoryGigabytes} GB, ${it.system}`],
    ['Node', `${it.node}, OpenSSL ${it.openssl}`],
    ['PostgreSQL', `${it.postgres}, fsync ${it.fsync}, on the same machine`],
    ['peers', [...versions, it.pgbench && `pgbench ${it.pgbench}`].filter(Boolean).join(', ')],
  ];
  const lines = rows.filter(([, value]) => value).map(([name, value]) => `| ${name} | ${value} |`);
  return ['| | |', '| --- | --- |', ...lines].join('\n');
}

function goalTable(result) {
  const lines = goals.map((goal) => {
    const { work, atLeast, unit } = goal;
    const text = (value) => value.toFixed(digits[unit]);
    const bounds = `${atLeast} | ${goal.goal}`;
    const reached = goal.reached(result);
    if (!reached) return `| ${work} | not measured | ${bounds} | |`;
    const { median, min, max } = reached;
    const figure = `${text(median)}${suffixes[unit]} [${text(min)}-${text(max)}]`;
    return `| ${work} | ${figure} | ${bounds} | ${isReached(goal, reached) ? 'yes' : '**no**'} |`;
  });
  return [
    '| work | reached | at least | goal | at least reached |',
    '| --- | --- | --- | --- | --- |',
    ...lines,
  ].join('\n');
}
