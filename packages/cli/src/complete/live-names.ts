import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { shortId } from '../output/short-id.ts';
import { listerFor } from '../resolve.ts';
import { type GlobalOptions, openSession, transportOf } from '../session/session.ts';
import type { Member, Verb } from '../table/verb.ts';
import type { VerbDeps } from '../verb-command.ts';
import type { World } from '../world.ts';

/** Longest wait for the platform: a person waits for the next key. */
const DEADLINE_MS = 1_000;
/** How long names are kept: the next keys of the same word need no request. */
const KEPT_MS = 5_000;
/** After a minute, names of other keys and lists are removed. */
const FORGOTTEN_MS = 60_000;
/** Most names. */
const MOST = 1_000;

interface Kept {
  readonly at: number;
  readonly names: readonly string[];
}

/** Names of the resources that a member may name; short ids of those without a name. None if nobody is logged in or no answer comes in time. */
export async function liveNames(
  deps: VerbDeps,
  verb: Verb,
  member: Member,
  options: GlobalOptions,
  args: readonly string[],
): Promise<readonly string[]> {
  const lister = listerFor(member, verb, deps.verbs);
  if (lister === undefined) return [];
  try {
    const session = openSession(deps.world, options);
    if (session.apiKey === undefined) return [];
    // A list within another resource: the arguments before name it.
    const within = Object.fromEntries(lister.args.map(({ name }, nth) => [name, args[nth]]));
    const identity = [session.endpoint, session.apiKey, session.tenantId, lister.name, within];
    // Loaded here, because only completion needs it.
    const { createHash } = await import('node:crypto');
    const path = cachePath(deps.world, createHash('sha256').update(JSON.stringify(identity)).digest('hex'));
    const kept = readKept(path);
    if (kept) return kept;
    const transport = transportOf(session, deps.verbs, { retries: 0, timeoutMs: DEADLINE_MS });
    const input = { ...within, ...(lister.flags.some(({ name }) => name === 'limit') ? { limit: MOST } : {}) };
    const { items } = await transport.page<{ id?: unknown; name?: unknown }>(lister, input);
    const names = items.map(({ id, name }) => name ?? shortId(id)).filter((name) => typeof name === 'string');
    keep(path, { at: Date.now(), names });
    return names;
  } catch {
    // There is nobody to tell: the shell is drawing a line.
    return [];
  }
}

/** `$XDG_CACHE_HOME/thecloud`, by default below `~/.cache`. */
const cachePath = (world: World, hash: string): string =>
  join(world.env.XDG_CACHE_HOME || join(world.homeDir, '.cache'), 'thecloud', `names-${hash.slice(0, 16)}.json`);

function readKept(path: string): readonly string[] | undefined {
  try {
    const kept = JSON.parse(readFileSync(path, 'utf8')) as Kept;
    return Math.abs(Date.now() - kept.at) < KEPT_MS ? kept.names : undefined;
  } catch {
    return undefined;
  }
}

/** Only the owner may read it: names tell what a company does. Older files go. A folder that cannot be written means no cache. */
function keep(path: string, kept: Kept): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(`${path}.${process.pid}`, JSON.stringify(kept), { mode: 0o600 });
    renameSync(`${path}.${process.pid}`, path);
    for (const name of readdirSync(dirname(path))) {
      const other = join(dirname(path), name);
      if (name.startsWith('names-') && Date.now() - statSync(other).mtimeMs > FORGOTTEN_MS)
        rmSync(other, { force: true });
    }
  } catch {
    return;
  }
}
