import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'vitest';

/** The folder of the repository. */
export const REPOSITORY = join(import.meta.dirname, '../..');
/** What the repository itself has installed. */
export const TOOLS = join(REPOSITORY, 'node_modules');

const call = promisify(execFile);

/** Runs a program to its end; answers its standard output. Throws with all that it wrote. */
export async function run(
  command: string,
  args: readonly string[],
  cwd: string,
  env: Record<string, string> = {},
): Promise<string> {
  const path = [dirname(process.execPath), join(TOOLS, '.bin'), process.env.PATH].join(delimiter);
  try {
    return (await call(command, [...args], { cwd, env: { ...process.env, PATH: path, ...env }, timeout: 120_000 }))
      .stdout;
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    throw new Error(`${command} ${args.join(' ')} failed:\n${stdout}${stderr}`, { cause: error });
  }
}

/**
 * Packs packages of ours and installs the tarballs into an empty project, `<root>/project`. They are packed in a copy, since packing puts
 * another package.json in its place for a moment and other tests read this one.
 */
export async function installPackages(root: string, packages: readonly string[]): Promise<string> {
  const checkout = join(root, 'checkout');
  mkdirSync(join(checkout, 'scripts'), { recursive: true });
  for (const path of ['tsconfig.json', 'scripts/pack.mjs', 'api'])
    cpSync(join(REPOSITORY, path), join(checkout, path), { recursive: true });
  symlinkSync(TOOLS, join(checkout, 'node_modules'));
  const npm = ['--offline', '--no-audit', '--no-fund', '--cache', join(root, 'npm-cache')];
  for (const name of packages) {
    const folder = join(checkout, 'packages', name);
    const isWanted = (path: string) => !/\/(\.cache|node_modules|dist)$/.test(path);
    cpSync(join(REPOSITORY, 'packages', name), folder, { recursive: true, filter: isWanted });
    const before = readFileSync(join(folder, 'package.json'), 'utf8');
    await run('npm', ['pack', ...npm, '--pack-destination', root], folder);
    expect(readFileSync(join(folder, 'package.json'), 'utf8'), `${name}/package.json is as it was`).toBe(before);
  }
  const project = join(root, 'project');
  mkdirSync(project);
  writeFileSync(join(project, 'package.json'), '{ "private": true, "type": "module" }');
  const tarballs = readdirSync(root).filter((name) => name.endsWith('.tgz'));
  expect(tarballs).toHaveLength(packages.length);
  await run('npm', ['install', ...npm, ...tarballs.map((name) => join(root, name))], project);
  return project;
}
