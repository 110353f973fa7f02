import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { copyFileSync, constants, linkSync } from 'node:fs';
import { flushTree, replaceFile } from '../kernel/files.ts';

/**
 * The API runs as a user who may not be able to read the checkout, so that its code is one bundle in the data folder. Bundled again
 * only when a file it was made from changed: 0.4 s then, a few ms otherwise.
 */
interface Manifest {
  readonly version: number;
  readonly entry: string;
  readonly folder: string;
  /** Path → `mtime:size`. */
  readonly inputs: Readonly<Record<string, string>>;
}

/** Raise it when the options below change. */
const MANIFEST_VERSION = 2;

interface CopiedPackage {
  readonly name: string;
  /** Files and folders; undefined: all. */
  readonly only?: readonly string[];
  /** A package of this checkout: its code is in the bundle, what is copied are files that it reads. */
  readonly isOurs?: boolean;
}

/** What cannot be in one file: native code, and files that are served or read. Copied beside the bundle. */
const COPIED_PACKAGES: readonly CopiedPackage[] = [
  { name: '@node-rs/bcrypt' },
  { name: 'swagger-ui-dist', only: ['package.json', 'swagger-ui-bundle.js', 'swagger-ui.css'] },
  { name: '@thecloud/aws-protocol', only: ['package.json', 'models', 'overlay'], isOurs: true },
];

/** Path of the bundle's first file. */
export async function bundleOnce(repository: string, appDir: string, entry: string): Promise<string> {
  const manifestPath = join(appDir, 'bundle.json');
  const known = readManifest(manifestPath);
  if (known && isCurrent(known, appDir, entry)) return join(appDir, known.folder, 'main.mjs');

  const folder = mkdtempSync(join(appDir, 'bundle-'));
  const { build, stop } = await import('esbuild');
  const result = await build({
    entryPoints: { main: entry },
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    absWorkingDir: repository,
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    external: ['pg-native', ...COPIED_PACKAGES.filter(({ isOurs }) => !isOurs).map(({ name }) => name)],
    // CommonJS packages inside the bundle ask for node's own modules with require.
    banner: {
      js: "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);",
    },
    metafile: true,
    logLevel: 'silent',
  });
  // Its service would stay as a child of ours, with 20 MB.
  await stop();
  for (const copied of COPIED_PACKAGES) copyPackage(join(repository, 'node_modules'), folder, copied);
  openToAll(folder);
  const inputs: Record<string, string> = {};
  for (const path of [...Object.keys(result.metafile.inputs), 'package-lock.json', ...findOwnFiles(repository)])
    inputs[path] = stampOf(join(repository, path));
  const manifest: Manifest = { version: MANIFEST_VERSION, entry, folder: basename(folder), inputs };
  // The bundle is on the disk before it is named: after a power cut an empty one would be started again and again.
  flushTree(folder);
  replaceFile(manifestPath, Buffer.from(JSON.stringify({ ...manifest, repository })));
  for (const name of readdirSync(appDir)) {
    if (name.startsWith('bundle-') && name !== manifest.folder)
      rmSync(join(appDir, name), { recursive: true, force: true });
  }
  return join(folder, 'main.mjs');

  function isCurrent(manifest: Manifest, app: string, wanted: string): boolean {
    return (
      manifest.version === MANIFEST_VERSION &&
      manifest.entry === wanted &&
      existsSync(join(app, manifest.folder, 'main.mjs')) &&
      Object.entries(manifest.inputs).every(([path, stamp]) => stampOf(join(repository, path)) === stamp)
    );
  }
}

function readManifest(path: string): Manifest | undefined {
  if (!existsSync(path)) return undefined;
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Manifest;
  } catch {
    // Incomplete after a power cut: bundle again.
    return undefined;
  }
}

function stampOf(path: string): string {
  const found = statSync(path, { throwIfNoEntry: false });
  return found ? `${found.mtimeMs}:${found.size}` : 'gone';
}

/** The files of ours that are copied, relative to the checkout: the lock file tells only of other packages that they changed. */
function findOwnFiles(repository: string): string[] {
  const paths = COPIED_PACKAGES.filter(({ isOurs }) => isOurs).flatMap(({ name, only = [] }) =>
    only.map((file) => join('node_modules', name, file)),
  );
  return paths.flatMap((path) =>
    statSync(join(repository, path)).isDirectory()
      ? readdirSync(join(repository, path), { recursive: true, encoding: 'utf8' }).map((name) => join(path, name))
      : [path],
  );
}

/** A package, and the platform's own parts of it, which stand beside it as `<name>-<platform>`. */
function copyPackage(modules: string, folder: string, copied: CopiedPackage): void {
  const scope = join(modules, dirname(copied.name));
  const name = basename(copied.name);
  if (!existsSync(join(modules, copied.name))) return;
  const parts = copied.name.includes('/')
    ? readdirSync(scope).filter((part) => part === name || part.startsWith(`${name}-`))
    : [name];
  for (const part of parts) {
    const files = copied.only ?? [''];
    for (const file of files) {
      const target = join(folder, 'node_modules', dirname(copied.name), part, file);
      mkdirSync(dirname(target), { recursive: true });
      cpSync(join(scope, part, file), target, { recursive: true, dereference: true });
    }
  }
}

export function openToAll(path: string): void {
  if (!statSync(path).isDirectory()) return chmodSync(path, 0o644);
  chmodSync(path, 0o755);
  for (const name of readdirSync(path)) openToAll(join(path, name));
}

/**
 * A Node that the API's user can run: the one that runs this, or where that lies in a closed folder (/root/…) a link to it, or a copy.
 */
export function provideNode(appDir: string, isRoot: boolean): string {
  if (!isRoot || isOpenToAll(process.execPath)) return process.execPath;
  const path = join(appDir, `node-${process.version}`);
  const wanted = statSync(process.execPath).size;
  if (statSync(path, { throwIfNoEntry: false })?.size === wanted) return path;
  const beside = `${path}.new`;
  rmSync(beside, { force: true });
  try {
    linkSync(process.execPath, beside);
  } catch {
    // Another file system, or links to it are not allowed.
    copyFileSync(process.execPath, beside, constants.COPYFILE_FICLONE);
  }
  chmodSync(beside, 0o755);
  renameSync(beside, path);
  return path;
}

function isOpenToAll(path: string): boolean {
  if ((statSync(path).mode & 0o005) !== 0o005) return false;
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    if ((statSync(folder).mode & 0o001) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
}
