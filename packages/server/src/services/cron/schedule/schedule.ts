import {
  awsDayOfMonth,
  awsDayOfWeek,
  cronDay,
  type DayRule,
  HOUR,
  MINUTE,
  MONTH,
  ScheduleError,
  valuesOf,
  YEAR,
} from './fields.ts';
import type { Zone } from './zone.ts';

/** When a job runs. Instants are milliseconds since 1970. */
export interface Schedule {
  /** The first tick behind an instant; undefined if there is none any more. */
  next(after: number): number | undefined;
}

const ALIASES: Readonly<Record<string, string>> = {
  '@YEARLY': '0 0 1 1 *',
  '@ANNUALLY': '0 0 1 1 *',
  '@MONTHLY': '0 0 1 * *',
  '@WEEKLY': '0 0 * * 0',
  '@DAILY': '0 0 * * *',
  '@MIDNIGHT': '0 0 * * *',
  '@HOURLY': '0 * * * *',
};

const MINUTE_MS = 60_000;
const UNITS: Readonly<Record<string, number>> = { MINUTE: MINUTE_MS, HOUR: 60 * MINUTE_MS, DAY: 1_440 * MINUTE_MS };

/**
 * Reads five fields, `@daily` and the like, and EventBridge's `cron(…)`, `rate(…)` and `at(…)`. `from` is where a rate begins to count.
 * Throws ScheduleError.
 */
export function readSchedule(text: string, zone: Zone, from: number): Schedule {
  const upper = text.trim().toUpperCase();
  const call = /^(CRON|RATE|AT)\((.*)\)$/.exec(upper);
  if (call?.[1] === 'RATE') return rate(call[2]!, from);
  if (call?.[1] === 'AT') return once(call[2]!, zone);
  if (call) return readSix(call[2]!.trim(), zone);
  if (upper.startsWith('@') && !ALIASES[upper])
    throw new ScheduleError(
      `'${text}' is not known; use ${Object.keys(ALIASES).join(', ').toLowerCase()} or five fields`,
    );
  return readFive((ALIASES[upper] ?? upper).split(/\s+/), text, zone);
}

function readFive(parts: readonly string[], text: string, zone: Zone): Schedule {
  const [minute, hour, day, month, weekday] = parts;
  if (parts.length !== 5)
    throw new ScheduleError(
      `'${text}' has ${parts.length === 1 ? 'one field' : `${parts.length} fields`}, not five: minute, hour, day of the month, month, day of the week; or use @daily, cron(…), rate(…) or at(…)`,
    );
  return walk(
    {
      minutes: valuesOf(minute!, MINUTE),
      hours: valuesOf(hour!, HOUR),
      months: valuesOf(month!, MONTH),
      years: undefined,
      fits: cronDay(day!, weekday!),
    },
    zone,
  );
}

function readSix(text: string, zone: Zone): Schedule {
  const parts = text.split(/\s+/);
  const [minute, hour, day, month, weekday, year] = parts;
  if (parts.length !== 6)
    throw new ScheduleError(
      `'cron(${text.toLowerCase()})' does not have six fields: minute, hour, day of the month, month, day of the week, year`,
    );
  if ((day === '?') === (weekday === '?'))
    throw new ScheduleError(
      `one of day of the month and day of the week must be ? in cron(…), and the other not; they are '${day}' and '${weekday}'`,
    );
  return walk(
    {
      minutes: valuesOf(minute!, MINUTE),
      hours: valuesOf(hour!, HOUR),
      months: valuesOf(month!, MONTH),
      years: valuesOf(year!, YEAR),
      fits: day === '?' ? awsDayOfWeek(weekday!) : awsDayOfMonth(day!),
    },
    zone,
  );
}

function rate(text: string, from: number): Schedule {
  const [, count, unit] = /^\s*(\d{1,6})\s+(MINUTE|HOUR|DAY)S?\s*$/.exec(text) ?? [];
  const ms = Number(count) * UNITS[unit!]!;
  if (!(ms > 0))
    throw new ScheduleError(
      `'rate(${text.toLowerCase()})' is not a rate; write it like rate(5 minutes), rate(1 hour) or rate(7 days)`,
    );
  return { next: (after) => from + Math.max(0, Math.floor((after - from) / ms) + 1) * ms };
}

function once(text: string, zone: Zone): Schedule {
  const said = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/.test(text) ? Date.parse(`${text}Z`) : Number.NaN;
  if (Number.isNaN(said) || new Date(said).toISOString().slice(0, 19) !== text)
    throw new ScheduleError(`'at(${text.toLowerCase()})' is not a time; write it like at(2027-01-31T08:00:00)`);
  const instant = zone.instantOf(said);
  if (instant === undefined)
    throw new ScheduleError(
      `at(${text}) does not exist in ${zone.name}, where clocks are set forward over it; choose another time`,
    );
  return { next: (after) => (after < instant ? instant : undefined) };
}

interface Fields {
  readonly minutes: ReadonlySet<number>;
  readonly hours: ReadonlySet<number>;
  readonly months: ReadonlySet<number>;
  /** Undefined: every year. */
  readonly years: ReadonlySet<number> | undefined;
  readonly fits: DayRule;
}

/**
 * Walks over wall times, so that daylight saving follows from the zone: a time that clocks skip is no tick, and one that they show twice is one tick, as
 * EventBridge Scheduler does it.
 */
function walk(fields: Fields, zone: Zone): Schedule {
  const hours = [...fields.hours].sort((a, b) => a - b);
  const minutes = [...fields.minutes].sort((a, b) => a - b);
  return {
    next(after) {
      const start = zone.wallAt(after);
      const first = start - (start % MINUTE_MS);
      const begin = new Date(start);
      let [year, month, day] = [begin.getUTCFullYear(), begin.getUTCMonth() + 1, begin.getUTCDate()];
      for (; year <= YEAR.max; year++, month = 1, day = 1) {
        if (fields.years && !fields.years.has(year)) continue;
        for (; month <= 12; month++, day = 1) {
          if (!fields.months.has(month)) continue;
          const days = new Date(Date.UTC(year, month, 0)).getUTCDate();
          for (; day <= days; day++) {
            const midnight = Date.UTC(year, month - 1, day);
            if (!fields.fits({ year, month, day, weekday: new Date(midnight).getUTCDay() })) continue;
            for (const hour of hours) {
              if (midnight + (hour + 1) * 60 * MINUTE_MS <= first) continue;
              for (const minute of minutes) {
                const wall = midnight + (hour * 60 + minute) * MINUTE_MS;
                if (wall < first) continue;
                const instant = zone.instantOf(wall);
                if (instant !== undefined && instant > after) return instant;
              }
            }
          }
        }
      }
      return undefined;
    },
  };
}
