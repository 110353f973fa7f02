import type { World } from '../../world.ts';
import { diagnose, type Finding } from './checks.ts';
import type { Facts } from './facts.ts';
import { gatherFacts } from './gather.ts';
import { findPlace } from './place.ts';

/** Looks at this machine and says what is right and wrong with it. */
export async function examine(
  world: Pick<World, 'env' | 'homeDir'>,
  given: { readonly dataDir?: string },
): Promise<{ readonly facts: Facts; readonly findings: readonly Finding[] }> {
  const facts = await gatherFacts(findPlace(world, given));
  return { facts, findings: diagnose(facts) };
}
