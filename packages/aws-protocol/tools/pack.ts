/** `npm run pack`: lays the package as it is published into .cache/package: compiled, with exports that point there. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const out = `${root}.cache/package/`;
rmSync(`${root}dist`, { recursive: true, force: true });
execFileSync('tsc', ['-p', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' });
rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
const manifest = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as Record<string, unknown> & {
  files: string[];
  published: object;
};
const { devDependencies: _dev, scripts: _scripts, published, ...rest } = manifest;
for (const name of [...manifest.files, 'README.md']) cpSync(`${root}${name}`, `${out}${name}`, { recursive: true });
writeFileSync(`${out}package.json`, `${JSON.stringify({ ...rest, ...published }, null, 2)}\n`);
console.log(`laid out in ${out}`);
