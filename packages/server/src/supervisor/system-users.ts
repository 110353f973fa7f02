import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';

/** Who a process runs as. */
export interface Identity {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** The user of this process, for everything that is not given to another. */
export function currentIdentity(): Identity {
  return { name: '', uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
}

/** No distribution, container or service manager gives these ids to anybody: systemd's list of ids calls them unused. */
const FIRST_ID = 0x7000_0000;

/**
 * Who the API of a data folder runs as: of two platforms on a host neither may do anything to the other's process. The user has a number and
 * no name, so there is nothing to make or to remove; the same folder has the same one at each start.
 */
export function userOf(dataDir: string): Identity {
  const id = FIRST_ID + createHash('sha256').update(realpathSync(dataDir)).digest().readUIntBE(0, 3);
  return { name: '', uid: id, gid: id };
}

/** Looks a user up where the system keeps its users (files, LDAP …). Undefined: no such user. */
export function findUser(name: string): Identity | undefined {
  const uid = spawnSync('id', ['-u', name], { encoding: 'utf8', timeout: 10_000 });
  if (uid.status !== 0) return undefined;
  const gid = execFileSync('id', ['-g', name], { encoding: 'utf8', timeout: 10_000 });
  return { name, uid: Number(uid.stdout), gid: Number(gid) };
}

/** Finds a system user or makes it: no password, no shell, no home. Needs root. */
export function ensureSystemUser(name: string): Identity {
  const found = findUser(name);
  if (found) return found;
  execFileSync(
    'useradd',
    [
      '--system',
      '--user-group',
      '--no-create-home',
      '--home-dir',
      '/nonexistent',
      '--shell',
      '/usr/sbin/nologin',
      name,
    ],
    { stdio: ['ignore', 'ignore', 'pipe'], timeout: 30_000 },
  );
  const made = findUser(name);
  if (!made) throw new Error(`the system user ${name} was made but is not found`);
  return made;
}
