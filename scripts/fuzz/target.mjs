// Runs one fuzz target.
import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

import { root } from '../run.mjs';
import { crate, output } from './build.mjs';

/** Longer inputs are slower and find nothing more. */
const MAX_BYTES = 4096;

/**
 * Runs the target `name` and prints a line with the result. Returns whether it found no fault. The corpus
 * stays in target/fuzz/corpus for the next run.
 */
export function fuzz(name, binaries, seconds) {
  const corpus = folder('corpus', name);
  const log = join(folder('logs'), `${name}.log`);
  const dictionary = join(crate, 'dictionaries', `${name}.dict`);
  const args = [
    corpus,
    join(crate, 'corpus', name),
    `-max_total_time=${seconds}`,
    `-max_len=${MAX_BYTES}`,
    `-artifact_prefix=${folder('artifacts', name)}/`,
    '-timeout=10',
    ...(existsSync(dictionary) ? [`-dict=${dictionary}`] : []),
  ];
  const binary = join(binaries, name);
  const file = openSync(log, 'w');
  const { status } = spawnSync(binary, args, { cwd: root, stdio: ['ignore', file, file] });
  closeSync(file);
  const said = readFileSync(log, 'utf8');
  const done = figures(said);
  if (status === 0 && done) {
    console.log(`${name.padEnd(15)} ${done}`);
    return true;
  }
  console.error(`${name.padEnd(15)} FAILED\n${reason(said)}`);
  const input = /Test unit written to (.*)$/m.exec(said)?.[1];
  if (input) {
    console.error(`  input: ${relative(root, input)}`);
    console.error(`  again: ${relative(root, binary)} ${relative(root, input)}`);
  }
  console.error(`  log:   ${relative(root, log)}`);
  return false;
}

function folder(...names) {
  const path = join(output, ...names);
  mkdirSync(path, { recursive: true });
  return path;
}

/** libFuzzer's summary; `undefined` if it did not finish. */
function figures(said) {
  const last = /^#(\d+)\s+DONE\s+cov: (\d+) ft: (\d+) corp: (\d+)\/.* exec\/s: (\d+)/m.exec(said);
  if (!last) return undefined;
  const [runs, edges, features, inputs, rate] = last
    .slice(1)
    .map((n) => Number(n).toLocaleString());
  return `${runs} runs, ${rate}/s, coverage ${edges} edges, ${features} features, ${inputs} inputs`;
}

/** The panic or the message of libFuzzer or a sanitizer, without the stack. */
function reason(said) {
  const at = said.search(/^.*(panicked at|ERROR: )/m);
  const [found] = said.slice(at < 0 ? -500 : at).split(/\nstack backtrace|\nnote: |\n +#0 /);
  return found.replace(/^/gm, '  ');
}
