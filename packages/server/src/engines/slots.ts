import { link, mkdir, readdir, readFile, rm, stat, unlink, writeFile } from 'node:fs/promises';
import { EngineError } from '../kernel/engine-error.ts';
import type { PlatformNames } from './names.ts';

/**
 * A number per platform, unique on the host while it runs. It picks what cannot be derived from a hash without a chance of meeting
 * another platform: the addresses of the way out, and the range of user ids.
 */
const SLOT_DIR = '/run/thecloud/slots';
const SLOTS = 16_384;

/** Returns the platform's slot; takes `preferred` or else the lowest free one. The platform's cloud namespace must exist: it is what tells a claim from a stale one. */
export async function claimSlot(names: PlatformNames, preferred = 0): Promise<number> {
  await mkdir(SLOT_DIR, { recursive: true, mode: 0o755 });
  const held = await findSlot(names.mark);
  if (held !== undefined) return held;
  const draft = `${SLOT_DIR}/.${names.mark}.${process.pid}`;
  await writeFile(draft, names.mark);
  try {
    for (const slot of [preferred, ...Array.from({ length: SLOTS }, (_, index) => index)]) {
      if (await takeSlot(draft, slot)) return slot;
    }
  } finally {
    await rm(draft, { force: true });
  }
  throw new EngineError('unavailable', `all ${SLOTS} platform slots of this host are taken, see ${SLOT_DIR}`);
}

export async function releaseSlot(names: PlatformNames): Promise<void> {
  const held = await findSlot(names.mark);
  if (held !== undefined) await rm(`${SLOT_DIR}/${held}`, { force: true });
}

/** The slot the platform holds, if any. */
export async function findSlot(mark: string): Promise<number | undefined> {
  const taken = await readdir(SLOT_DIR).catch(() => []);
  for (const name of taken) {
    if (/^[0-9]+$/.test(name) && (await ownerOf(Number(name))) === mark) return Number(name);
  }
  return undefined;
}

async function ownerOf(slot: number): Promise<string | undefined> {
  return readFile(`${SLOT_DIR}/${slot}`, 'utf8').catch(() => undefined);
}

async function takeSlot(draft: string, slot: number): Promise<boolean> {
  const path = `${SLOT_DIR}/${slot}`;
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      // A hard link appears whole or not at all, so no one reads an empty claim.
      await link(draft, path);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const owner = await ownerOf(slot);
    const alive = owner !== undefined && (await exists(`/run/netns/tc-${owner}-cloud`));
    if (alive) return false;
    await unlink(path).catch(() => undefined);
  }
  return false;
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );
