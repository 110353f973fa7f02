/**
 * What `npm pack` and `npm publish` run before and after, in the folder of a package: the tarball holds compiled JavaScript and types, or
 * one bundle, while the workspace runs the sources as they are. Plain JavaScript, since npm may run it by a Node that does not strip types.
 *
 *   node ../../scripts/pack.mjs             builds dist/ and lets package.json point there
 *   node ../../scripts/pack.mjs --restore   puts both back as they were
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const root = process.cwd();
const manifestPath = join(root, 'package.json');
/** The manifest of the workspace, while the published one is in its place. */
const keptPath = join(root, '.cache', 'package.json');
const bins = join(import.meta.dirname, '..', 'node_modules', '.bin');
const env = { ...process.env, PATH: [bins, process.env.PATH].join(delimiter) };

// An attempt that was cut short may have left the published manifest in place; one that was put back since is not touched.
rmSync(join(root, 'dist'), { recursive: true, force: true });
const isPublished = !('scripts' in JSON.parse(readFileSync(manifestPath, 'utf8')));
if (isPublished && existsSync(keptPath)) renameSync(keptPath, manifestPath);
rmSync(keptPath, { force: true });

if (!process.argv.includes('--restore')) {
  const text = readFileSync(manifestPath, 'utf8');
  const published = existsSync(join(root, 'tsconfig.build.json'))
    ? compile(JSON.parse(text))
    : bundle(JSON.parse(text));
  mkdirSync(join(root, '.cache'), { recursive: true });
  writeFileSync(`${keptPath}.new`, text);
  renameSync(`${keptPath}.new`, keptPath);
  writeFileSync(manifestPath, `${JSON.stringify(published, null, 2)}\n`);
}

/**
 * A library: a module and its types for each source.
 * @param {Record<string, any>} manifest
 */
function compile(manifest) {
  execFileSync('tsc', ['-p', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit', env });
  for (const name of readdirSync(join(root, 'dist'), { recursive: true, encoding: 'utf8' })) {
    if (name.endsWith('.d.ts')) rewriteImports(join(root, 'dist', name));
  }
  const { devDependencies: _dev, scripts: _scripts, exports, ...rest } = manifest;
  return { ...rest, exports: compiled(exports) };
}

/**
 * A program: what it depends on is in its bundle.
 * @param {Record<string, any>} manifest
 */
function bundle(manifest) {
  execFileSync('node', ['build.ts'], { cwd: root, stdio: 'inherit', env });
  writeFileSync(join(root, 'dist', 'LICENSES.txt'), licencesOf(manifest.dependencies));
  const { dependencies: _in, devDependencies: _dev, scripts: _scripts, bin, ...rest } = manifest;
  return {
    ...rest,
    bin: Object.fromEntries(Object.keys(bin).map((name) => [name, `./dist/${name}.js`])),
  };
}

/**
 * The licences of what a bundle contains, which ask to be passed on with it.
 * @param {Record<string, string>} dependencies
 */
function licencesOf(dependencies) {
  const modules = join(import.meta.dirname, '..', 'node_modules');
  /** @type {Map<string, string>} */
  const texts = new Map();
  const queue = Object.keys(dependencies);
  for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
    if (texts.has(name)) continue;
    const folder = join(modules, name);
    const { version, dependencies: further = {} } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const file = readdirSync(folder).find((one) => /^licen[cs]e/i.test(one));
    if (file === undefined) throw new Error(`${name} has no file with its licence`);
    texts.set(name, `${name} ${version}\n\n${readFileSync(join(folder, file), 'utf8').trim()}\n`);
    queue.push(...Object.keys(further));
  }
  return [...texts.values()].join(`\n${'-'.repeat(80)}\n\n`);
}

/**
 * The compiler rewrites the names of imports in JavaScript only.
 * @param {string} path
 */
function rewriteImports(path) {
  const text = readFileSync(path, 'utf8');
  writeFileSync(path, text.replace(/(\bfrom |\bimport\()'(\.[^']+)\.ts'/g, "$1'$2.js'"));
}

/** @param {Record<string, string>} exports of the workspace */
function compiled(exports) {
  return Object.fromEntries(
    Object.entries(exports).map(([name, path]) => {
      const built = /^\.\/src\/(.+)\.ts$/.exec(path)?.[1];
      return [name, built ? { types: `./dist/${built}.d.ts`, default: `./dist/${built}.js` } : path];
    }),
  );
}
