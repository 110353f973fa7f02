import { chmodSync, mkdirSync, readFileSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Failure } from '../../failure.ts';
import type { World } from '../../world.ts';

/** Where the AWS CLI and SDKs read profiles. */
export const configFileOf = (world: World): string =>
  world.env.AWS_CONFIG_FILE || join(world.homeDir, '.aws', 'config');
export const credentialsFileOf = (world: World): string =>
  world.env.AWS_SHARED_CREDENTIALS_FILE || join(world.homeDir, '.aws', 'credentials');

const HEADING = /^\s*\[\s*(.*?)\s*\]/;

/** The settings of a section; undefined if the file does not have it. */
export function readSection(text: string, section: string): Readonly<Record<string, string>> | undefined {
  let found: Record<string, string> | undefined;
  let isInside = false;
  for (const line of text.split('\n')) {
    const heading = HEADING.exec(line)?.[1];
    if (heading !== undefined) {
      isInside = heading.replaceAll(/\s+/g, ' ') === section;
      if (isInside) found ??= {};
    } else if (isInside) {
      const setting = /^([^\s#;=][^=]*?)\s*=\s*(.*?)\s*$/.exec(line);
      if (setting) found![setting[1]!] = setting[2]!;
    }
  }
  return found;
}

/** The file with this section alone replaced, or added behind the others. */
export function withSection(text: string, section: string, settings: Readonly<Record<string, string>>): string {
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}`);
  const written = [`[${section}]`, ...lines].join('\n');
  const kept: string[] = [];
  let isInside = false;
  let isWritten = false;
  for (const line of text.replace(/\n+$/, '').split('\n')) {
    const heading = HEADING.exec(line)?.[1];
    if (heading !== undefined) {
      if (isInside) kept.push('');
      isInside = heading.replaceAll(/\s+/g, ' ') === section;
      if (isInside && !isWritten) kept.push(written);
      isWritten ||= isInside;
    }
    if (!isInside) kept.push(line);
  }
  if (!isWritten) kept.push(...(text.trim() === '' ? [] : ['']), written);
  return `${kept.join('\n').replace(/^\n+/, '')}\n`;
}

/** Empty if there is no file. */
export function readProfiles(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw new Failure(`${path} cannot be read: ${(error as Error).message}`);
  }
}

/** Replaces the file in one step. Only its owner can read it. A link stays one. */
export function writeProfiles(path: string, text: string): void {
  const target = realPathOf(path);
  const fresh = `${target}.${process.pid}.new`;
  try {
    mkdirSync(dirname(target), { recursive: true, mode: 0o700 });
    writeFileSync(fresh, text, { mode: 0o600, flag: 'wx' });
    chmodSync(fresh, 0o600);
    renameSync(fresh, target);
  } catch (error) {
    rmSync(fresh, { force: true });
    throw new Failure(`${path} cannot be written: ${(error as Error).message}`);
  }
}

function realPathOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
