import { execFileSync, spawnSync } from 'node:child_process';

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
