import { setTimeout as pause } from 'node:timers/promises';
import type { RunningPlatform } from '../../packages/testkit/src/platform-api.ts';
import type { Actor } from './actor.ts';

export interface Chaos {
  /** Edits of all actors together. */
  readonly edits: number;
  /** Longest pause of an actor between two edits, in milliseconds. */
  readonly paceMs: number;
  /** Who is killed, in turn at random, as long as there are edits. */
  readonly victims: readonly ('api' | 'worker' | 'postgres' | 'incusd')[];
  /** Milliseconds between two kills, at least and at most. */
  readonly every: readonly [number, number];
  /** Deaths of each victim: so many, so that the run says something … */
  readonly atLeast: number;
  /** … and no more, since the pauses between its starts grow to 10 s. */
  readonly atMost: number;
}

/** Edits and kills at once, until the edits are done and each victim died often enough. Gives the deaths of each. */
export async function runChaos(
  platform: RunningPlatform,
  actors: readonly Actor[],
  random: (below: number) => number,
  chaos: Chaos,
): Promise<Map<string, number>> {
  const deaths = new Map<string, number>(chaos.victims.map((victim) => [victim, 0]));
  const enough = (): boolean => [...deaths.values()].every((count) => count >= chaos.atLeast);
  let left = chaos.edits;
  let failed = false;
  const act = async (actor: Actor): Promise<void> => {
    try {
      while (!failed && (left > 0 || !enough())) {
        left--;
        await actor.edit();
        await pause(random(chaos.paceMs));
      }
    } catch (error) {
      failed = true;
      throw error;
    }
  };
  const acting = Promise.allSettled(actors.map(act));
  let acted = false;
  void acting.then(() => {
    acted = true;
  });
  const [least, most] = chaos.every;
  while (!acted) {
    await pause(least + random(most - least));
    if (acted) break;
    // The one that died least often, so that a short run kills all of them.
    const next = [...deaths].sort((a, b) => a[1] - b[1] || random(2) - 1)[0]!;
    if (next[1] >= chaos.atMost) continue;
    await platform.kill(next[0] as 'api');
    deaths.set(next[0], next[1] + 1);
  }
  for (const result of await acting) if (result.status === 'rejected') throw result.reason;
  return deaths;
}
