import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort, readPage, runBlock } from './support/pages.ts';

const repository = fileURLToPath(new URL('../../..', import.meta.url));
const source = join(repository, 'packages/aws-protocol');
const tools = join(repository, 'node_modules');
let root: string;
let checkout: string;
let project: string;
let installed: string;

const run = (command: string, args: readonly string[], cwd: string): string =>
  execFileSync(command, args, {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, PATH: [dirname(process.execPath), join(tools, '.bin'), process.env['PATH']].join(':') },
    stdio: 'pipe',
  });

/** Packed in a copy, since packing puts another package.json in its place for a moment and other tests read this one. */
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'aws-protocol-package-'));
  checkout = join(root, 'checkout/packages/aws-protocol');
  cpSync(join(repository, 'tsconfig.json'), join(root, 'checkout/tsconfig.json'));
  cpSync(source, checkout, { recursive: true, filter: (path) => !/\/(\.cache|node_modules|dist)$/.test(path) });
  mkdirSync(join(root, 'checkout/scripts'));
  cpSync(join(repository, 'scripts/pack.mjs'), join(root, 'checkout/scripts/pack.mjs'));
  symlinkSync(tools, join(root, 'checkout/node_modules'));
  const before = manifestOf(checkout);
  const npm = ['--offline', '--no-audit', '--no-fund', '--cache', join(root, 'npm-cache')];
  run('npm', ['pack', ...npm, '--pack-destination', root], checkout);
  expect(manifestOf(checkout)).toBe(before);
  expect(existsSync(join(checkout, 'dist'))).toBe(false);

  project = join(root, 'project');
  mkdirSync(project);
  writeFileSync(join(project, 'package.json'), '{ "private": true, "type": "module" }');
  const tarball = readdirSync(root).find((name) => name.endsWith('.tgz')) as string;
  run('npm', ['install', ...npm, join(root, tarball)], project);
  installed = join(project, 'node_modules/@thecloud/aws-protocol');
  // It needs nothing else at run time; what follows is for the compiler, and for clients in the examples.
  expect(readdirSync(join(project, 'node_modules')).filter((name) => !name.startsWith('.'))).toEqual(['@thecloud']);
  for (const name of ['@aws-sdk', '@types', 'fastify'])
    symlinkSync(join(tools, name), join(project, 'node_modules', name));
}, 120_000);
afterAll(() => rmSync(root, { recursive: true, force: true }));

const node = (args: readonly string[]): string => run(process.execPath, args, checkout);
const manifestOf = (folder: string): string => readFileSync(join(folder, 'package.json'), 'utf8');

it('packing that was cut short is undone by the next one, and undoes no edit', () => {
  const before = manifestOf(checkout);
  node(['../../scripts/pack.mjs']);
  expect(manifestOf(checkout)).toContain('./dist/index.js');
  node(['../../scripts/pack.mjs']);
  node(['../../scripts/pack.mjs', '--restore']);
  expect(manifestOf(checkout)).toBe(before);

  node(['../../scripts/pack.mjs']);
  const edited = before.replace('"0.1.0"', '"0.1.1"');
  writeFileSync(join(checkout, 'package.json'), edited);
  node(['../../scripts/pack.mjs', '--restore']);
  expect(manifestOf(checkout)).toBe(edited);
});

/** Every check that a careful project turns on. `libraries`: check the declarations of packages too. */
const typeCheck = (folder: string, libraries: boolean): void => {
  const compilerOptions = {
    module: 'nodenext',
    target: 'es2024',
    types: ['node'],
    noEmit: true,
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    verbatimModuleSyntax: true,
    erasableSyntaxOnly: true,
    allowImportingTsExtensions: true,
    skipLibCheck: !libraries,
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['.'] }));
  try {
    run('tsc', ['-p', '.'], folder);
  } catch (error) {
    throw new Error((error as { stdout: string }).stdout, { cause: error });
  }
};

describe('the packed package', () => {
  const manifest = () => JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as Record<string, unknown>;

  it('says what it is, and needs neither a workspace nor a build', () => {
    expect(manifest()).toMatchObject({
      name: '@thecloud/aws-protocol',
      license: 'Apache-2.0',
      type: 'module',
      engines: { node: '>=22.15' },
      repository: { type: 'git', directory: 'packages/aws-protocol' },
    });
    for (const key of ['dependencies', 'devDependencies', 'scripts', 'private'])
      expect(manifest()).not.toHaveProperty(key);
    expect(readFileSync(join(installed, 'LICENSE'), 'utf8')).toBe(readFileSync(join(repository, 'LICENSE'), 'utf8'));
  });

  it('holds what its exports name, and no tests and no sources', () => {
    const files = readdirSync(installed, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(installed.length + 1));
    const targets = Object.values(manifest()['exports'] as Record<string, object | string>).flatMap((target) =>
      typeof target === 'string' ? target : Object.values(target as Record<string, string>),
    );
    expect(targets.map((target) => target.slice(2)).filter((target) => !files.includes(target))).toEqual([]);
    expect(targets).toHaveLength(13);
    expect(new Set(files.map((file) => file.split('/')[0]))).toEqual(
      new Set([
        'LICENSE',
        'NOTICE',
        'README.md',
        'bench',
        'dist',
        'docs',
        'examples',
        'models',
        'overlay',
        'package.json',
      ]),
    );
    expect(
      files.filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts') && !file.startsWith('examples/')),
    ).toEqual([]);
    const compiled = files.filter((file) => file.startsWith('dist/')).map((file) => join(installed, file));
    expect(compiled.filter((path) => /from '[^']*\.ts'/.test(readFileSync(path, 'utf8')))).toEqual([]);
  });

  it('holds every file that its pages link to', () => {
    const pages = ['README.md', ...readdirSync(join(installed, 'docs')).map((name) => `docs/${name}`)];
    const broken = pages.flatMap((page) =>
      [...readFileSync(join(installed, page), 'utf8').matchAll(/\]\(([^)#]+)\)/g)]
        .map(([, target]) => target as string)
        .filter((target) => !target.includes('://') && !existsSync(join(installed, dirname(page), target)))
        .map((target) => `${page}: ${target}`),
    );
    expect(broken).toEqual([]);
  });

  it('has declarations that compile by themselves', () => {
    const folder = join(project, 'declarations');
    mkdirSync(folder);
    const names = Object.keys(manifest()['exports'] as object).filter((name) => !name.endsWith('.json'));
    const lines = names.map((name, n) => `import * as m${n} from '@thecloud/aws-protocol${name.slice(1)}';`);
    writeFileSync(
      join(folder, 'all.ts'),
      `${lines.join('\n')}\nexport const all = [${names.map((_, n) => `m${n}`).join(', ')}];\n`,
    );
    typeCheck(folder, true);
    expect(run(process.execPath, ['-e', `import('./all.ts').then((m) => console.log(m.all.length))`], folder)).toBe(
      '6\n',
    );
  });
});

/** Types and runs a page in the project, on ports that are free; gives what its commands wrote. */
async function follow(page: string): Promise<string> {
  const folder = join(project, page.replaceAll('/', '-').replace('.md', ''));
  mkdirSync(folder);
  symlinkSync(join(project, 'node_modules'), join(folder, 'node_modules'));
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }');
  const ports = { 4566: String(await freePort()), 4567: String(await freePort()) };
  const there = (text: string): string => text.replaceAll(/\b456[67]\b/g, (port) => ports[port as '4566' | '4567']);
  const { files, commands } = readPage(readFileSync(join(installed, page), 'utf8'));
  const isCopy = (line: string): boolean => line.startsWith('cp ');
  await runBlock(commands.flat().filter(isCopy), folder);
  const examples = join(folder, 'examples');
  for (const name of existsSync(examples) ? readdirSync(examples) : []) {
    const path = join(examples, name);
    writeFileSync(path, there(readFileSync(path, 'utf8')));
  }
  for (const [name, text] of files) writeFileSync(join(folder, name), there(text));
  typeCheck(folder, false);
  let written = '';
  for (const block of commands) {
    const lines = block.filter((line) => !isCopy(line)).map(there);
    written += Object.values(await runBlock(lines, folder)).join('\n');
  }
  return written;
}

describe('what its pages say works as it is written', () => {
  it('README.md', async () => {
    const written = await follow('README.md');
    expect(written).toContain('published 1 to arn:aws:sns:us-east-1:000000000000:news');
    expect(written).toMatch(/Notes at http.*SQS at http/s);
  });

  it('docs/serving.md', async () => {
    const written = await follow('docs/serving.md');
    expect(written).toContain('QueueDoesNotExist: The specified queue does not exist.');
    expect(written).toContain('AccessDenied: reader may not sqs:CreateQueue');
    expect(written).toMatch(/SignatureDoesNotMatch: .*The Canonical String for this request should have been\n'POST/s);
    expect(written).toContain("[ '192.0.2.1', '192.0.2.2' ]");
    expect(written).toContain('hello from greeter');
    expect(written).toMatch(
      /"service":"sqs","operation":"CreateQueue","accessKeyId":"AKIDREADER","status":400,"code":"AccessDeniedException"/,
    );
    expect(written).toContain('{"ok":true}');
  });

  it('docs/s3.md', async () => {
    expect(await follow('docs/s3.md')).toContain("[ 'a+b.txt', 'copy' ]");
  });

  it('docs/other-services.md', async () => {
    const written = await follow('docs/other-services.md');
    expect(written).toContain('to you@example.org: Hello');
    expect(written).toContain('MessageRejected');
    expect(written).toContain('{"degrees":4}');
    expect(written).toMatch(/"id":"shopping","writtenAt":\d/);
  });
});
