/** Length of a master key in bytes. */
export const MASTER_KEY_BYTES = 32;

/** Master keys by version; new values are sealed under the highest. A process changes its map in place when it is told of others. */
export type MasterKeys = Map<number, Uint8Array>;

/**
 * The master keys in a file: 32 bytes are version 1, as the first start makes them. After a rotation it is JSON, `{"2": "<base64>"}`, and while one runs
 * it has two. Throws Error, without a key, for anything else.
 */
export function parseMasterKeys(content: Uint8Array): MasterKeys {
  if (content.length === MASTER_KEY_BYTES) return new Map([[1, new Uint8Array(content)]]);
  let members: unknown;
  try {
    members = JSON.parse(Buffer.from(content).toString('utf8'));
  } catch {
    // Told below.
  }
  if (typeof members === 'object' && members !== null && !Array.isArray(members)) {
    const keys: MasterKeys = new Map(
      Object.entries(members).map(([version, key]) => [
        Number(version),
        new Uint8Array(Buffer.from(typeof key === 'string' ? key : '', 'base64')),
      ]),
    );
    const isGood = ([version, key]: [number, Uint8Array]) =>
      Number.isInteger(version) && version > 0 && key.length === MASTER_KEY_BYTES;
    if (keys.size > 0 && [...keys].every(isGood)) return keys;
  }
  throw new Error(
    `must have ${MASTER_KEY_BYTES} bytes, or be JSON with keys by version; it has ${content.length} bytes`,
  );
}

export const serializeMasterKeys = (keys: MasterKeys): Uint8Array =>
  Buffer.from(
    `${JSON.stringify(Object.fromEntries([...keys].map(([version, key]) => [version, Buffer.from(key).toString('base64')])))}\n`,
  );

/** Gives a map other keys, so that everything that holds the map has them. At no moment is one missing that stays. */
export function replaceKeys(keys: MasterKeys, next: MasterKeys): void {
  for (const [version, key] of next) keys.set(version, key);
  for (const version of keys.keys()) if (!next.has(version)) keys.delete(version);
}

export const newestOf = (keys: MasterKeys): number => Math.max(...keys.keys());
