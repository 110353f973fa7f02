/**
 * `npm run check`: what a machine can check without running the platform. A table of results, then the words of what failed.
 * One check alone: `npm run check -- types`.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { delimiter, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { findBreakingChanges } from './api-changes.mjs';
import { findChangedMigrations } from './landed-migrations.mjs';
import { run } from './progress.mjs';
import { ensureNpmPackages, exitWith, NODE, REPOSITORY } from './setup.mjs';
import { findFlaws, readAudit, writeBill } from './supply-chain.mjs';
import { findMissingTests, PAGE as THREATS } from './threats.mjs';
import { findPhrases, isChecked } from './words.mjs';

/** Lines from which a file wants a reason, and those that no file may pass. */
const LONG_FILE = 250;
const LONGEST_FILE = 400;
const AT_ONCE = 2;
/** Longest wait for the registry's list of vulnerabilities. */
const AUDIT_MS = 20_000;

/** `notRun`: it could not be checked here, for the reason in `note`. @typedef {{ ok: boolean, notRun?: boolean, note?: string, output?: string }} Result */
/** @type {readonly (readonly [name: string, check: () => Promise<Result>])[]} */
const CHECKS = [
  ['types', () => tool('tsc', ['-p', '.'])],
  // With the browser's types, and the pages that services bring.
  ['console types', () => tool('tsc', ['-p', join('packages', 'console'), '--noEmit'])],
  ['lint', () => tool('oxlint', ['--type-aware', '--deny-warnings'])],
  // Code only: biome would also set Markdown tables as wide as their longest cell.
  ['format', async () => tool('biome', ['format', '--max-diagnostics=50', ...(await listSources())])],
  ['dead code', () => tool('knip', ['--no-progress'])],
  ['file length', checkLengths],
  ['words', checkWords],
  ['generated files', checkGenerated],
  ['migrations', checkMigrations],
  ['API changes', checkApiChanges],
  ['threats', checkThreats],
  ['supply chain', checkSupplyChain],
  ['vulnerabilities', checkVulnerabilities],
];

const environment = () => ({
  ...process.env,
  PATH: [join(REPOSITORY, 'node_modules', '.bin'), process.env.PATH].join(delimiter),
  NO_COLOR: '1',
});

/** @param {string} name @param {readonly string[]} args @returns {Promise<Result>} */
async function tool(name, args) {
  const { code, output } = await run(join(REPOSITORY, 'node_modules', '.bin', name), args, {
    cwd: REPOSITORY,
    env: environment(),
  });
  return { ok: code === 0, output };
}

/** The files that git knows or would add. @param {readonly string[]} patterns */
async function listFiles(...patterns) {
  const listed = ['ls-files', '--cached', '--others', '--exclude-standard', '--', ...patterns];
  const { code, output } = await run('git', listed, { cwd: REPOSITORY });
  if (code !== 0) throw new Error(`git ls-files: ${output}`);
  return output.split('\n').filter((path) => path && existsSync(join(REPOSITORY, path)));
}

/** The source files that people write. */
const listSources = async () =>
  (await listFiles('*.ts', '*.tsx', '*.mjs')).filter((path) => !path.includes('/generated/'));

/** @returns {Promise<Result>} */
async function checkWords() {
  const paths = (await listFiles()).filter(isChecked);
  const found = paths.flatMap((path) => findPhrases(path, readFileSync(join(REPOSITORY, path), 'utf8')));
  return { ok: found.length === 0, output: found.join('\n') };
}

/** @returns {Promise<Result>} */
async function checkLengths() {
  const long = [];
  for (const path of await listSources()) {
    const lines = readFileSync(join(REPOSITORY, path), 'utf8').split('\n').length - 1;
    if (lines > LONG_FILE) long.push({ path, lines });
  }
  const tooLong = long.filter((file) => file.lines > LONGEST_FILE);
  const show = (/** @type {{ path: string, lines: number }[]} */ files) =>
    files.map((file) => `${file.lines} ${file.path}`).join('\n');
  const note = long.length > 0 ? `${long.length} over ${LONG_FILE} lines` : undefined;
  return {
    ok: tooLong.length === 0,
    output: `over ${LONGEST_FILE} lines:\n${show(tooLong)}`,
    ...(note ? { note } : {}),
  };
}

/** Generates again and compares with the committed files. @returns {Promise<Result>} */
async function checkGenerated() {
  const before = hashGenerated();
  const { code, output } = await run(NODE, [join('scripts', 'gen.ts')], { cwd: REPOSITORY, env: environment() });
  if (code !== 0) return { ok: false, output };
  const after = hashGenerated();
  const changed = [...new Set([...before.keys(), ...after.keys()])].filter(
    (path) => before.get(path) !== after.get(path),
  );
  const uncommitted = await run(
    'git',
    ['diff', '--name-only', 'HEAD', '--', 'api', 'docs/reference', ':(glob)packages/*/src/generated/**'],
    { cwd: REPOSITORY },
  );
  const note = changed.length === 0 && uncommitted.output.trim() ? 'up to date, not committed yet' : undefined;
  return {
    ok: changed.length === 0,
    output: `were out of date and have been regenerated; commit them:\n${changed.join('\n')}`,
    ...(note ? { note } : {}),
  };
}

/** @returns {Map<string, string>} */
function hashGenerated() {
  const packages = join(REPOSITORY, 'packages');
  const folders = [
    join(REPOSITORY, 'api'),
    join(REPOSITORY, 'docs', 'reference'),
    ...readdirSync(packages).map((name) => join(packages, name, 'src', 'generated')),
  ];
  const files = folders.filter(existsSync).flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .map((name) => join(folder, name))
      .filter((path) => statSync(path).isFile()),
  );
  return new Map(
    files.map((path) => [relative(REPOSITORY, path), createHash('sha256').update(readFileSync(path)).digest('hex')]),
  );
}

/**
 * None that has landed was edited; each file parses, no number occurs twice (work that goes on at the same time takes ranges,
 * so that there are gaps), each has its way back. What they do is tested
 * on a real PostgreSQL.
 * @returns {Promise<Result>}
 */
async function checkMigrations() {
  const changed = await findChangedMigrations(REPOSITORY);
  if (changed.length > 0) return { ok: false, output: changed.join('\n') };
  const reader = pathToFileURL(join(REPOSITORY, 'packages', 'server', 'src', 'migrations', 'migration-file.ts')).href;
  const script = `
    const { readMigrations } = await import(${JSON.stringify(reader)});
    const found = await readMigrations('migrations');
    found.forEach((one, index) => {
      const before = found[index - 1]?.version ?? 0;
      if (one.version <= before) throw new Error(one.file + ': the number ' + before + ' is before it already');
      if (one.down.length === 0) throw new Error(one.file + ': has no Down');
    });
    console.log(found.length);`;
  const { code, output } = await run(NODE, ['--input-type=module', '-e', script], {
    cwd: REPOSITORY,
    env: environment(),
  });
  return code === 0 ? { ok: true, note: `${output.trim()} files` } : { ok: false, output };
}

/** Against the newest release: a tag v… . @returns {Promise<Result>} */
async function checkApiChanges() {
  const git = (/** @type {readonly string[]} */ args) => run('git', args, { cwd: REPOSITORY });
  const tag = await git(['describe', '--tags', '--abbrev=0', '--match', 'v*']);
  if (tag.code !== 0) return { ok: true, note: 'no release yet to compare with' };
  const released = tag.output.trim();
  const before = await git(['show', `${released}:api/operations.json`]);
  if (before.code !== 0) return { ok: false, output: before.output };
  const after = readFileSync(join(REPOSITORY, 'api', 'operations.json'), 'utf8');
  const found = findBreakingChanges(JSON.parse(before.output), JSON.parse(after));
  return { ok: found.length === 0, note: `since ${released}`, output: found.join('\n') };
}

/** Each threat names tests that exist. @returns {Promise<Result>} */
async function checkThreats() {
  const missing = findMissingTests(readFileSync(join(REPOSITORY, THREATS), 'utf8'), REPOSITORY);
  return { ok: missing.length === 0, output: missing.map((line) => `${THREATS}: ${line}`).join('\n') };
}

/** Writes the bill of materials, too. @returns {Promise<Result>} */
async function checkSupplyChain() {
  const lock = JSON.parse(readFileSync(join(REPOSITORY, 'package-lock.json'), 'utf8'));
  const flaws = findFlaws(lock);
  const path = join('.cache', 'sbom.cdx.json');
  mkdirSync(join(REPOSITORY, '.cache'), { recursive: true });
  writeFileSync(join(REPOSITORY, path), writeBill(lock));
  return { ok: flaws.length === 0, note: `bill of materials: ${path}`, output: flaws.join('\n') };
}

/** Asks the registry. One that knows no advisories, or none that can be reached, does not fail the check. @returns {Promise<Result>} */
async function checkVulnerabilities() {
  const args = ['audit', '--json', '--package-lock-only', '--fetch-retries=0', `--fetch-timeout=${AUDIT_MS}`];
  const { output } = await run('npm', args, { cwd: REPOSITORY, env: environment(), timeoutMs: 2 * AUDIT_MS });
  const found = readAudit(output);
  if (found === undefined) {
    const reason = /npm (?:warn|error) (?:audit )?(.*)/i.exec(output)?.[1] ?? 'no answer';
    return { ok: true, notRun: true, note: `the registry did not answer npm audit: ${reason.split(' - ')[0]}` };
  }
  const note = found.others > 0 ? `${found.others} of low or moderate severity: npm audit` : undefined;
  return { ok: found.serious.length === 0, output: found.serious.join('\n'), ...(note ? { note } : {}) };
}

/** @param {readonly string[]} wanted */
async function main(wanted) {
  await ensureNpmPackages();
  const chosen = CHECKS.filter(([name]) => wanted.length === 0 || wanted.includes(name));
  if (chosen.length === 0) throw new Error(`no such check; there are: ${CHECKS.map(([name]) => name).join(', ')}`);
  /** @type {{ name: string, output: string }[]} */
  const failed = [];
  /** @type {string[]} */
  const notRun = [];
  const queue = [...chosen];
  const work = async () => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      const [name, check] = next;
      const begun = performance.now();
      const result = await check();
      const seconds = ((performance.now() - begun) / 1000).toFixed(1);
      console.log(
        `${result.ok ? (result.notRun ? 'NOT RUN' : 'ok     ') : 'FAILED '} ${name.padEnd(16)} ${seconds.padStart(5)} s${result.note ? `  ${result.note}` : ''}`,
      );
      if (result.notRun) notRun.push(name);
      if (!result.ok) failed.push({ name, output: result.output ?? '' });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  for (const { name, output } of failed) console.log(`\n--- ${name}\n${output.trimEnd()}`);
  console.log(
    failed.length === 0
      ? `\nAll checks passed${notRun.length > 0 ? `, but this was not run: ${notRun.join(', ')}` : ''}.`
      : `\n${failed.length} of ${chosen.length} checks failed: ${failed.map((one) => one.name).join(', ')}`,
  );
  process.exitCode = failed.length === 0 ? 0 : 1;
}

await main(process.argv.slice(2)).catch(exitWith);
