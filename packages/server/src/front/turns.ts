import { rateLimited } from '../kernel/errors.ts';

export interface TurnsOptions {
  /** Work that goes on at a time. */
  readonly atOnce: number;
  /** Most work that waits, in all and of one group. */
  readonly waiting: number;
  readonly waitingOf: number;
}

/** After so many turns all groups are equal again. */
const MEMORY = 1_000;

/** Work that is done a little at a time, in turns between groups of callers. */
export interface Turns {
  /**
   * Does the work when it is its turn. The next turn is of the group that had fewest lately, so that many who come again and again do not keep
   * out one who comes once. If too many wait, the one whose group had most turns has to go: throws RATE_LIMITED.
   * What `isOver` says is not wanted any more when its turn comes is left out, with the same error.
   */
  take<T>(group: string, work: () => Promise<T>, isOver: () => boolean): Promise<T>;
}

interface Waiting {
  readonly group: string;
  readonly begin: () => void;
  readonly refuse: () => void;
}

export function createTurns({ atOnce, waiting: most, waitingOf: mostOf }: TurnsOptions): Turns {
  const line: Waiting[] = [];
  /** Turns that each group had lately or waits for. */
  const had = new Map<string, number>();
  let turns = 0;
  let going = 0;

  const turnsOf = ({ group }: Waiting): number => had.get(group) ?? 0;

  function count(group: string, by: 1 | -1): void {
    had.set(group, Math.max(0, (had.get(group) ?? 0) + by));
  }

  function begin(): void {
    going++;
    if (++turns % MEMORY === 0) had.clear();
  }

  function next(): void {
    if (line.length === 0) return;
    const fewest = line.reduce((found, one) => (turnsOf(one) < turnsOf(found) ? one : found));
    line.splice(line.indexOf(fewest), 1);
    fewest.begin();
  }

  /** Makes room in a full line, by the newest of the group that had most turns. */
  function makeRoom(newcomer: Waiting): void {
    if (line.filter(({ group }) => group === newcomer.group).length > mostOf) return refuse(newcomer);
    if (line.length > most) refuse(line.reduce((found, one) => (turnsOf(one) >= turnsOf(found) ? one : found)));
  }

  function refuse(one: Waiting): void {
    line.splice(line.indexOf(one), 1);
    count(one.group, -1);
    one.refuse();
  }

  return {
    async take(group, work, isOver) {
      count(group, 1);
      if (going >= atOnce)
        await new Promise<void>((resolve, reject) => {
          const refused = () => reject(rateLimited('too many logins at the moment; try again', 1));
          const newcomer: Waiting = { group, begin: () => (begin(), resolve()), refuse: refused };
          line.push(newcomer);
          makeRoom(newcomer);
        });
      else begin();
      try {
        if (isOver()) throw rateLimited('the client left', 1);
        return await work();
      } finally {
        going--;
        next();
      }
    },
  };
}
