// Writes the API pages to target/api from the comments in ts/. An export without a comment, or a broken
// reference, is an error. --check writes nothing.
import { register } from 'node:module';
import { join } from 'node:path';
import { root } from './run.mjs';

// TypeDoc needs TypeScript 5; the project's own compiler is 7.
const hook = `export const resolve = (specifier, context, next) =>
  next(specifier === 'typescript' ? 'typescript-5' : specifier, context);`;
register(`data:text/javascript,${encodeURIComponent(hook)}`);
const { Application } = await import('typedoc');

/** Types that the entries for Effect do not export. */
const OF_EFFECT = [
  'ClientAuthentication',
  'DatabasePassword',
  'ErrorRule',
  'Fetch',
  'GoogleProblem',
  'RevocationForm',
  'Rotation',
  'SigningAlgorithm',
  'TokenkeepEvent',
  'UrlVariable',
];

/**
 * Effect 3 and Effect 4 do not go into one program. `unnamed` are types that stand in signatures, and
 * that neither people nor the declarations of their packages need by name.
 */
const PAGES = [
  {
    out: 'target/api',
    tsconfig: 'ts/tsconfig.api.json',
    entries: [
      'index',
      'gmail',
      'crypto',
      'zoho',
      'vault',
      'calendar',
      'integration',
      'http/index',
      'testing/index',
      'drizzle/index',
      'drizzle/relations',
      'effect/index',
    ],
    unnamed: [
      'Open',
      'Stored',
      'TokenOf',
      'Column',
      'Columns',
      'ColumnsOf',
      'Declared',
      'Enum',
      'Integer',
      'Jsonb',
      'Text',
      'Texts',
      'Timestamp',
      'Uuid',
      'Varchar',
      'Built',
      'MajorsOwn',
      'OwnColumns',
      'Referenced',
      'UuidReferenced',
      'Values',
      'ConnectedStore',
      'Maybe',
      'STORES',
      'Stores',
      'StoresThat',
      ...OF_EFFECT,
    ],
  },
  {
    out: 'target/api-effect3',
    tsconfig: 'ts/effect3/tsconfig.esm.json',
    entries: ['effect3/index'],
    unnamed: OF_EFFECT,
  },
];

/** The kinds that need a comment; the name of a property is often enough. */
const DOCUMENTED = ['Function', 'Method', 'Class', 'Interface', 'TypeAlias', 'Variable', 'Enum'];

/** Whether there were no errors. */
async function pages({ out, tsconfig, entries, unnamed }, write) {
  const application = await Application.bootstrap({
    entryPoints: entries.map((name) => join(root, `ts/${name}.ts`)),
    tsconfig: join(root, tsconfig),
    out: join(root, out),
    name: 'tokenkeep',
    readme: 'none',
    githubPages: false,
    disableSources: true,
    excludeInternal: true,
    excludePrivate: true,
    excludeExternals: true,
    treatWarningsAsErrors: true,
    validation: { notExported: true, invalidLink: true, notDocumented: true },
    requiredToBeDocumented: DOCUMENTED,
    intentionallyNotExported: unnamed,
  });
  const project = await application.convert();
  if (!project) return false;
  application.validate(project);
  const { logger } = application;
  const failed = () => logger.hasErrors() || logger.hasWarnings();
  if (write && !failed()) await application.generateOutputs(project);
  return !failed();
}

const write = !process.argv.includes('--check');
for (const each of PAGES) {
  if (!(await pages(each, write))) process.exitCode = 1;
}
