import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { setUpApi } from '../../packages/server/src/testing/set-up-api.ts';
import { installPackages, REPOSITORY, run, TOOLS } from './pack.ts';

// What a stranger gets: the three tarballs in an empty project without a workspace, used by the oldest Node that they promise.

const PACKAGES = ['sdk', 'cli', 'aws-protocol'];
const { api, owner } = await setUpApi();

let root: string;
let project: string;
/** Node 20 where the machine has one; else the repository's. */
let node20: string;

async function findNode20(): Promise<string> {
  const folders = (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, 'node'));
  for (const path of new Set(['/usr/bin/node', ...folders])) {
    if (!existsSync(path)) continue;
    if ((await run(path, ['--version'], root)).startsWith('v20.')) return path;
  }
  console.warn('NOT RUN by Node 20: none is installed; the packages run by the Node of the repository');
  return process.execPath;
}

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'thecloud-packages-'));
  project = await installPackages(root, PACKAGES);
  node20 = await findNode20();
}, 120_000);
afterAll(() => rmSync(root, { recursive: true, force: true }));

const manifestOf = (name: string): Record<string, unknown> =>
  JSON.parse(readFileSync(join(project, 'node_modules/@thecloud', name, 'package.json'), 'utf8'));

describe('the three packages in an empty project', () => {
  it('bring nothing else, and no sources, tests or scripts', () => {
    const installed = readdirSync(join(project, 'node_modules')).filter((name) => !name.startsWith('.'));
    expect(installed).toEqual(['@thecloud']);
    for (const name of PACKAGES) {
      for (const key of ['dependencies', 'devDependencies', 'scripts', 'private'])
        expect(manifestOf(name)).not.toHaveProperty(key);
      expect(manifestOf(name)).toMatchObject({ license: 'Apache-2.0', publishConfig: { access: 'public' } });
      const folder = join(project, 'node_modules/@thecloud', name);
      expect(existsSync(join(folder, 'LICENSE')) && existsSync(join(folder, 'README.md')), name).toBe(true);
      const files = readdirSync(join(folder, 'dist'), { recursive: true, encoding: 'utf8' });
      expect(files.filter((file) => /(?<!\.d)\.ts$|\.test\./.test(file))).toEqual([]);
    }
  });

  it('hold no test, no key and no place on the machine that packed them', () => {
    for (const name of PACKAGES) {
      const folder = join(project, 'node_modules/@thecloud', name);
      const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
      expect(files.length).toBeGreaterThan(8);
      for (const { parentPath, name: file } of files) {
        expect(file).not.toMatch(/\.test\.|\.spec\.|^\.env|\.pem$|\.key$|\.log$/);
        const text = readFileSync(join(parentPath, file), 'utf8');
        for (const place of [REPOSITORY, root, homedir()])
          if (place.length > 1) expect(text.includes(`${place}/`), `${file} names ${place}`).toBe(false);
        expect(text).not.toMatch(/thecloud_[0-9a-f]{32}|-----BEGIN [A-Z ]*PRIVATE KEY-----\n|"resolved":/);
      }
    }
  });

  it('the SDK calls a cloud, and its errors have classes', async () => {
    writeFileSync(
      join(project, 'call.js'),
      `import { createClient, NotFoundError } from '@thecloud/sdk';
       import { verifyExport } from '@thecloud/sdk/audit';
       const cloud = createClient({ endpoint: process.argv[2], apiKey: process.argv[3] });
       const { id } = await cloud.vpcs.create({ name: 'from-a-package' });
       const names = [];
       for await (const vpc of cloud.vpcs.listAll()) names.push(vpc.name);
       const missing = await cloud.vpcs.get('nowhere').catch((error) => error);
       console.log(JSON.stringify([process.version.split('.')[0], names, missing instanceof NotFoundError, id.length, typeof verifyExport]));`,
    );
    const said = JSON.parse(await run(node20, ['call.js', api.url, owner.key], project)) as unknown[];
    expect(said.slice(1)).toEqual([['from-a-package'], true, 36, 'function']);
    if (node20 !== process.execPath) expect(said[0]).toBe('v20');
  });

  it('the SDK has types, for Node and for a browser', async () => {
    const text = `import { createClient, type Instance, type Page, RateLimitedError } from '@thecloud/sdk';
      const cloud = createClient({ endpoint: 'http://127.0.0.1:8080', apiKey: 'x' });
      export const page: Promise<Page<Instance>> = cloud.instances.list({ limit: 3 });
      export const after = (error: unknown): number | undefined => error instanceof RateLimitedError ? error.retryAfter : undefined;
      // @ts-expect-error the image is missing
      export const launched = cloud.instances.launch({ name: 'web' });
      // @ts-expect-error there is no such member
      export const status = page.then(({ items }) => items[0]?.color);`;
    const strict = {
      module: 'nodenext',
      target: 'es2022',
      strict: true,
      noEmit: true,
      exactOptionalPropertyTypes: true,
    };
    mkdirSync(join(project, 'node_modules/@types'), { recursive: true });
    symlinkSync(join(TOOLS, '@types/node'), join(project, 'node_modules/@types/node'));
    symlinkSync(join(TOOLS, 'undici-types'), join(project, 'node_modules/undici-types'));
    for (const [place, options] of [
      ['node', { types: ['node'] }],
      ['browser', { types: [], lib: ['es2022', 'dom', 'dom.asynciterable'], skipLibCheck: false }],
    ] as const) {
      const folder = join(project, `types-${place}`);
      mkdirSync(folder);
      writeFileSync(join(folder, 'program.ts'), text);
      writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: { ...strict, ...options } }));
      await run('tsc', ['-p', folder], project);
    }
  });

  it('the command runs by itself, and passes the licences of its parts on', async () => {
    const cloud = join(project, 'node_modules/.bin/cloud');
    const env = {
      PATH: [dirname(node20), '/usr/bin', '/bin'].join(delimiter),
      HOME: project,
      CLOUD_ENDPOINT: api.url,
      CLOUD_API_KEY: owner.key,
    };
    expect(await run(cloud, ['version'], project, env)).toBe(`cloud ${manifestOf('cli').version as string}\n`);
    const listed = await run(cloud, ['vpcs', 'list', '-o', 'json'], project, env);
    expect((JSON.parse(listed) as { name: string }[]).map(({ name }) => name)).toEqual(['from-a-package']);
    expect(await run(cloud, ['vpcs', 'list', '-o', 'yaml'], project, env)).toContain('name: from-a-package');
    const licences = readFileSync(join(project, 'node_modules/@thecloud/cli/dist/LICENSES.txt'), 'utf8');
    for (const part of ['commander', 'ws', 'yaml', 'string-width', 'ansi-regex', 'picocolors'])
      expect(licences).toMatch(new RegExp(`^${part} \\d`, 'm'));
  });

  it('the AWS library finds its models', async () => {
    writeFileSync(
      join(project, 'aws.js'),
      `import { AwsServer, loadModel, Service } from '@thecloud/aws-protocol';
       const sts = new Service(loadModel('sts'), { GetCallerIdentity: async () => ({ Account: '1', UserId: 'u', Arn: 'a' }) });
       console.log(typeof AwsServer, typeof sts);`,
    );
    expect(await run(process.execPath, ['aws.js'], project)).toBe('function object\n');
  });
});
