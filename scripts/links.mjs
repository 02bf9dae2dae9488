// Checks that every relative link and anchor in the Markdown files leads to something that exists.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { root } from './run.mjs';

const files = execFileSync(
  'git',
  ['ls-files', '--cached', '--others', '--exclude-standard', '*.md'],
  {
    cwd: root,
    encoding: 'utf8',
  },
)
  .split('\n')
  .filter((file) => file && existsSync(join(root, file)));

const textOf = (file) => readFileSync(join(root, file), 'utf8').replace(/^```[^]*?^```/gm, '');

/** The anchor that GitHub gives a heading. */
function anchorOf(heading) {
  const text = heading
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .trim()
    .toLowerCase();
  return text.replace(/[^\p{L}\p{N}\s_-]/gu, '').replace(/\s/g, '-');
}

const anchors = new Map(
  files.map((file) => {
    const headings = [...textOf(file).matchAll(/^#+ (.*)$/gm)].map(([, text]) => anchorOf(text));
    return [file, new Set(headings)];
  }),
);

/** What is wrong with a link of `file`; `undefined` for one that is right, or leads elsewhere. */
function problemOf(file, link) {
  if (/^[a-z]+:/.test(link)) return undefined;
  const [path, anchor] = link.split('#');
  const target = path ? posix.normalize(posix.join(posix.dirname(file), path)) : file;
  if (!existsSync(join(root, target))) return 'there is no such file';
  if (anchor && anchors.has(target) && !anchors.get(target).has(anchor)) return 'no such heading';
  return undefined;
}

let broken = 0;
for (const file of files) {
  const links = textOf(file).matchAll(/\]\(([^)\s]+)\)|\b(?:src|srcset|href)="([^"]+)"/g);
  for (const [, link, attribute] of links) {
    const problem = problemOf(file, link ?? attribute);
    if (!problem) continue;
    console.error(`${file}: ${link ?? attribute}: ${problem}`);
    broken += 1;
  }
}
if (broken > 0) process.exit(1);
