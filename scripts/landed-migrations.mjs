/**
 * Migrations are append-only. `migrations/checksums.txt` (what `sha256sum` writes) has a line for each; `npm run gen` adds the lines of new
 * files and never changes one, and the check compares the files with it. It needs no git, so it works in a release tarball too. Where
 * there is git, the history that is there tells whether a line of the list itself was changed.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './progress.mjs';

const FOLDER = 'migrations';
const LIST = `${FOLDER}/checksums.txt`;
const WAY_OUT = 'leave it as it was and add a new migration';

/**
 * Adds the migrations that have no line yet.
 * @param {string} repository
 */
export function addChecksums(repository) {
  const known = readChecksums(repository);
  const added = [...hashMigrations(repository)].filter(([file]) => !known.has(file));
  if (added.length === 0) return;
  const lines = [...known, ...added].map(([file, checksum]) => `${checksum}  ${file}\n`);
  writeFileSync(join(repository, LIST), lines.join(''));
}

/**
 * One sentence for each migration that is not as it landed.
 * @param {string} repository
 * @returns {Promise<string[]>}
 */
export async function findChangedMigrations(repository) {
  const landed = readChecksums(repository);
  const present = hashMigrations(repository);
  const problems = [];
  for (const [file, checksum] of landed) {
    if (!present.has(file)) problems.push(`${FOLDER}/${file} has landed and is missing: bring it back`);
    else if (present.get(file) !== checksum) problems.push(`${FOLDER}/${file} has landed and was edited: ${WAY_OUT}`);
  }
  for (const file of present.keys())
    if (!landed.has(file))
      problems.push(`${FOLDER}/${file} has no line in ${LIST}: run npm run gen, and commit the line`);
  return [...problems, ...(await findChangedLines(repository, landed))];
}

/**
 * A line that was ever committed stays. In a shallow clone the first commit there adds all lines, and only later ones are looked at.
 * @param {string} repository
 * @param {ReadonlyMap<string, string>} landed
 */
async function findChangedLines(repository, landed) {
  const git = (/** @type {readonly string[]} */ args) => run('git', args, { cwd: repository });
  const top = await git(['rev-parse', '--show-toplevel']);
  // A tarball may be unpacked inside somebody else's checkout.
  if (top.code !== 0 || top.output.trim() !== realpathSync(repository)) return [];
  const log = await git(['log', '--no-color', '--format=commit %h', '-p', '--no-renames', '--', LIST]);
  if (log.code !== 0) return log.output.includes('does not have any commits') ? [] : [log.output.trim()];
  const problems = [];
  let commit = '';
  for (const line of log.output.split('\n')) {
    commit = /^commit (\w+)/.exec(line)?.[1] ?? commit;
    const [, checksum, file] = /^\+([0-9a-f]{64}) {2}(\S+)$/.exec(line) ?? [];
    if (checksum === undefined || file === undefined || landed.get(file) === checksum) continue;
    problems.push(`${LIST}: the line of ${file} is not the one that commit ${commit} added: ${WAY_OUT}`);
  }
  return problems;
}

/**
 * @param {string} repository
 * @returns {Map<string, string>} file → SHA-256, in the order of the list
 */
function readChecksums(repository) {
  const path = join(repository, LIST);
  if (!existsSync(path)) return new Map();
  const lines = readFileSync(path, 'utf8').split('\n').filter(Boolean);
  return new Map(
    lines.map((line) => {
      const [, checksum, file] = /^([0-9a-f]{64}) {2}(\S+)$/.exec(line) ?? [];
      if (checksum === undefined || file === undefined) throw new Error(`${LIST}: cannot read "${line}"`);
      return [file, checksum];
    }),
  );
}

/** @param {string} repository @returns {Map<string, string>} */
function hashMigrations(repository) {
  const folder = join(repository, FOLDER);
  const files = readdirSync(folder)
    .filter((name) => name.endsWith('.sql'))
    .sort();
  const hash = (/** @type {string} */ file) =>
    createHash('sha256')
      .update(readFileSync(join(folder, file)))
      .digest('hex');
  return new Map(files.map((file) => [file, hash(file)]));
}
