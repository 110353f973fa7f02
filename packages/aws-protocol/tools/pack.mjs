/**
 * What `npm pack` and `npm publish` run before and after: the tarball holds compiled JavaScript and types, while the workspace runs the
 * sources as they are. Plain JavaScript, since npm may run it by a Node that does not strip types.
 *
 *   node tools/pack.mjs             compiles src/ into dist/ and lets package.json point there
 *   node tools/pack.mjs --restore   puts both back as they were
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const manifestPath = `${root}package.json`;
/** The manifest of the workspace, while the published one is in its place. */
const keptPath = `${root}.cache/package.json`;

// An attempt that was cut short may have left the published manifest in place; one that was put back since is not touched.
rmSync(`${root}dist`, { recursive: true, force: true });
const isPublished = !('devDependencies' in JSON.parse(readFileSync(manifestPath, 'utf8')));
if (isPublished && existsSync(keptPath)) renameSync(keptPath, manifestPath);
rmSync(keptPath, { force: true });

if (!process.argv.includes('--restore')) {
  execFileSync('tsc', ['-p', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' });
  for (const name of readdirSync(`${root}dist`, { recursive: true, encoding: 'utf8' })) {
    if (name.endsWith('.d.ts')) rewriteImports(`${root}dist/${name}`);
  }
  const text = readFileSync(manifestPath, 'utf8');
  const { devDependencies: _dev, scripts: _scripts, exports, ...rest } = JSON.parse(text);
  mkdirSync(`${root}.cache`, { recursive: true });
  writeFileSync(`${keptPath}.new`, text);
  renameSync(`${keptPath}.new`, keptPath);
  const published = { ...rest, exports: compiled(exports) };
  writeFileSync(manifestPath, `${JSON.stringify(published, null, 2)}\n`);
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
