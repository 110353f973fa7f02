/**
 * Wall times of time zones. A wall time is held as the milliseconds that it would be in UTC, so that its parts are read with Date's UTC methods.
 */
export interface Zone {
  readonly name: string;
  /** What a clock on the wall shows at an instant. */
  wallAt(instant: number): number;
  /**
   * The instant at which the clock shows a wall time: the first one, if it shows it twice because it is set back. Undefined if it never does, because it is
   * set forward over it.
   */
  instantOf(wall: number): number | undefined;
}

const DAY_MS = 86_400_000;

/** Most jobs have it, and a question to Intl takes as long as a hundred additions. */
const UTC: Zone = { name: 'UTC', wallAt: (instant) => instant - (instant % 1_000), instantOf: (wall) => wall };

/** Throws RangeError for a name that is not of a zone of the tz database. */
export function openZone(name: string): Zone {
  if (name === 'UTC') return UTC;
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: name,
    hourCycle: 'h23',
    era: 'short',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  const wallAt = (instant: number): number => {
    const parts: Record<string, string> = {};
    for (const { type, value } of format.formatToParts(instant)) parts[type] = value;
    const part = (type: string): number => Number(parts[type]);
    return Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second'));
  };
  return {
    name,
    wallAt,
    instantOf(wall) {
      // The difference to UTC is that of the day before or of the day after: no zone changes twice within two days.
      const found = [wall - DAY_MS, wall + DAY_MS]
        .map((near) => wall - (wallAt(near) - near))
        .filter((instant) => wallAt(instant) === wall);
      return found.length > 0 ? Math.min(...found) : undefined;
    },
  };
}
