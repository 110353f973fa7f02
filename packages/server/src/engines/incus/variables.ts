import { chmod, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { EngineError } from '../../kernel/engine-error.ts';
import { newSecret } from '../../kernel/ids.ts';
import { COMMAND_MARK } from './command-processes.ts';
import type { IncusInstance } from './incus-client.ts';
import { readEnv } from './machine-config.ts';

/**
 * The variables of each instance that has some, as lines of shell, in a folder that all such instances see. Nothing but the root of
 * the instance itself and the host's reads a file or lists the folder: every instance has user ids that no other has.
 */
const folderOf = (guestFolder: string): string => `${guestFolder}/variables`;

export async function makeVariablesFolder(guestFolder: string): Promise<void> {
  await mkdir(folderOf(guestFolder), { recursive: true });
  await chmod(folderOf(guestFolder), 0o711);
}

/** Writes the file unless it is there. Returns its name; undefined where the machine has no variables. */
export async function writeVariables(guestFolder: string, machine: IncusInstance): Promise<string | undefined> {
  const text = linesOf(readEnv(machine.config));
  if (text === '') return undefined;
  const file = `${folderOf(guestFolder)}/${machine.name}`;
  const root = rootOf(machine);
  if ((await readFile(file, 'utf8').catch(() => '')) === text && (await stat(file)).uid === root) return machine.name;
  const draft = `${file}.${newSecret(6)}`;
  const handle = await open(draft, 'wx', 0o400);
  try {
    await handle.writeFile(text);
    await handle.chown(root, root);
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
  return machine.name;
}

export const removeVariables = (guestFolder: string, name: string): Promise<void> =>
  rm(`${folderOf(guestFolder)}/${name}`, { force: true });

/** Pure. Whatever a value holds, the shell takes it as it is. The mark of a command is ours to give. */
function linesOf(env: Readonly<Record<string, string>>): string {
  return Object.entries(env)
    .filter(([name]) => name !== COMMAND_MARK)
    .map(([name, value]) => `export ${name}='${value.replaceAll("'", String.raw`'\''`)}'\n`)
    .join('');
}

/** The host's number of the user who is root in a machine. Incus decides it when it makes the machine. */
function rootOf({ name, config }: IncusInstance): number {
  const map = JSON.parse(config['volatile.idmap.next'] ?? '[]') as readonly { Hostid?: unknown; Nsid?: unknown }[];
  const root = map.find(({ Nsid }) => Nsid === 0)?.Hostid;
  if (typeof root !== 'number') throw new EngineError('failed', `Incus does not say who is root in ${name}`);
  return root;
}
