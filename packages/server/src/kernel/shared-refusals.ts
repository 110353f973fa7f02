import { CloudError } from './errors.ts';

/** Refusals that are remembered; the oldest goes first. More than tenants use up quotas at a time. */
const MOST = 1_000;

/**
 * Runs calls that wait for each other, and refuses those for which the answer was found while they waited. Who asks 200 times at once beyond a quota gets
 * 200 answers of one count. Nobody gets an answer that is older than the call.
 */
export type SharedRefusals = <T>(name: string, arrival: number, work: () => Promise<T>) => Promise<T>;

export function createSharedRefusals(): { readonly arrive: () => number; readonly run: SharedRefusals } {
  const refused = new Map<string, { readonly begun: number; readonly error: CloudError }>();
  let arrivals = 0;
  return {
    /** The number of a call that comes now. */
    arrive: () => ++arrivals,
    async run(name, arrival, work) {
      const known = refused.get(name);
      if (known && known.begun >= arrival) throw known.error;
      const begun = arrivals;
      try {
        return await work();
      } catch (error) {
        if (error instanceof CloudError && error.isForAll) {
          refused.delete(name);
          refused.set(name, { begun, error });
          if (refused.size > MOST) refused.delete(refused.keys().next().value!);
        }
        throw error;
      }
    },
  };
}
