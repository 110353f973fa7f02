import { createPrivateKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync, linkSync, readFileSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { flushFolder, replaceFile, writeBeside } from '../kernel/files.ts';
import { MASTER_KEY_BYTES, type MasterKeys, parseMasterKeys } from '../kernel/master-keys.ts';
import { SettingsError } from '../setting-readers.ts';

/** Milliseconds between looks at a file that hardly ever changes. */
const WATCH_MS = 1_000;

const PASSWORD_HOLDERS = ['superuser', 'owner', 'api', 'worker', 'operator', 'data'] as const;

/** Random, made once, never the guide's `cloud:cloud`: any local user could log in with a password that everybody knows. */
export type DatabasePasswords = Readonly<Record<(typeof PASSWORD_HOLDERS)[number], string>>;

/**
 * Reads a file that must be made exactly once, or makes it: written beside, flushed, then linked into place, so that a power cut
 * leaves all of it or nothing, and of two makers one wins.
 */
function readOrCreate(path: string, make: () => Uint8Array): Buffer {
  if (!existsSync(path)) {
    const beside = writeBeside(path, make());
    try {
      linkSync(beside, path);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    } finally {
      rmSync(beside);
    }
    flushFolder(dirname(path));
  }
  return readFileSync(path);
}

/** The keys that seal secrets at rest: 32 random bytes, made at the first start. Without them the sealed ones are lost: back them up. */
export function readMasterKeys(path: string): MasterKeys {
  return checkedKeys(
    path,
    readOrCreate(path, () => randomBytes(MASTER_KEY_BYTES)),
  );
}

/**
 * The Ed25519 key that signs checkpoints of the audit trail, as PKCS #8 in PEM; made at the first start. To rotate it, move the file away and
 * start again: the platform makes a new key, keeps the old one's public key, and goes on with the same chain.
 * @throws SettingsError if the file holds another kind of key.
 */
export function readAuditKey(path: string): string {
  const pem = readOrCreate(path, () =>
    Buffer.from(generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' })),
  ).toString();
  try {
    if (createPrivateKey(pem).asymmetricKeyType === 'ed25519') return pem;
  } catch {
    // Not a key at all: refused below, without its content.
  }
  throw new SettingsError(
    `${path}: must hold an Ed25519 private key in PEM; restore it from a backup, or move it away to make a new one`,
  );
}

function checkedKeys(path: string, content: Buffer): MasterKeys {
  try {
    return parseMasterKeys(content);
  } catch (error) {
    throw new SettingsError(`${path}: ${(error as Error).message}; restore it from a backup`);
  }
}

/** Calls back with the keys of a file each time it has changed, and with an error when it cannot be read then. */
export function watchMasterKeys(
  path: string,
  onChange: (keys: MasterKeys) => void,
  onError: (error: Error) => void,
): NodeJS.Timeout {
  const stampOf = () => {
    const { mtimeMs, size, ino } = statSync(path);
    return `${mtimeMs} ${size} ${ino}`;
  };
  let seen = stampOf();
  return setInterval(() => {
    try {
      const stamp = stampOf();
      if (stamp === seen) return;
      seen = stamp;
      onChange(parseMasterKeys(readFileSync(path)));
    } catch (error) {
      onError(error as Error);
    }
  }, WATCH_MS).unref();
}

/** Made at the first start. A file from before a role was there gets that role's password, and keeps the others. */
export function readDatabasePasswords(secretsDir: string): DatabasePasswords {
  const path = join(secretsDir, 'database.json');
  const parse = (content: Buffer) => JSON.parse(content.toString()) as Partial<DatabasePasswords>;
  const made = parse(readOrCreate(path, () => Buffer.from(JSON.stringify(complete({})))));
  const passwords = complete(made);
  if (PASSWORD_HOLDERS.some((holder) => made[holder] === undefined)) {
    replaceFile(path, Buffer.from(JSON.stringify(passwords)));
  }
  return passwords;
}

function complete(made: Partial<DatabasePasswords>): DatabasePasswords {
  const all = PASSWORD_HOLDERS.map((holder) => [holder, made[holder] ?? randomBytes(24).toString('base64url')]);
  return Object.fromEntries(all) as DatabasePasswords;
}

/**
 * The key of a lone api or worker. It must be there already: a second key would split the platform.
 * @throws SettingsError naming the file that is missing.
 */
export function readExistingMasterKeys(path: string): MasterKeys {
  if (!existsSync(path)) {
    throw new SettingsError(`${path} is missing: copy it from the machine where the platform was first started`);
  }
  return checkedKeys(path, readFileSync(path));
}
