import { invalidInput } from '../../kernel/errors.ts';
import { randomBelow } from '../../kernel/ids.ts';
import type { CronJobSpec, Missed } from './job.ts';
import { ScheduleError } from './schedule/fields.ts';
import { readSchedule, type Schedule } from './schedule/schedule.ts';
import { openZone, type Zone } from './schedule/zone.ts';

/** A tick that is noticed this late was missed: nobody was there for it. */
const MISSED_MS = 60_000;
const MINUTE_MS = 60_000;
/** Most missed ticks of one job that are made up for. */
export const MOST_MISSED = 100;

/** Making a zone takes as long as a hundred questions to it. There are some 600 names, and most platforms know a few. */
const zones = new Map<string, Zone>();

function zoneOf(name: string): Zone {
  let zone = zones.get(name);
  if (!zone) zones.set(name, (zone = openZone(name)));
  return zone;
}

export type Timing = Pick<CronJobSpec, 'schedule' | 'timezone' | 'counts_from'> &
  Partial<Pick<CronJobSpec, 'starts_at' | 'ends_at' | 'window_minutes'>>;

const scheduleOf = ({ schedule, timezone, counts_from: from }: Timing): Schedule =>
  readSchedule(schedule, zoneOf(timezone), from.getTime());

/** Up to `count` ticks behind an instant. Throws INVALID_INPUT for a schedule or a zone that cannot be read. */
export function nextTicks(timing: Timing, after: Date, count: number): readonly Date[] {
  try {
    const schedule = scheduleOf(timing);
    const ticks: Date[] = [];
    const from = Math.max(after.getTime(), (timing.starts_at?.getTime() ?? 0) - 1);
    const end = timing.ends_at?.getTime() ?? Number.POSITIVE_INFINITY;
    for (let at = from; ticks.length < count; ) {
      const next = schedule.next(at);
      if (next === undefined || next > end) break;
      ticks.push(new Date(next));
      at = next;
    }
    return ticks;
  } catch (error) {
    if (error instanceof ScheduleError) throw invalidInput(`schedule: ${error.message}`);
    if (error instanceof RangeError)
      throw invalidInput(`timezone '${timing.timezone}' is not known; use a name like Europe/Berlin or UTC`);
    throw error;
  }
}

/** When a job runs next, and by when that is. */
export type Next = Pick<CronJobSpec, 'next_run_at' | 'due_at'>;

/** A tick runs at once, or at a random time within its window. */
const nextAt = (tick: Date | undefined, minutes: number): Next => ({
  next_run_at: tick ?? null,
  due_at: tick ? new Date(tick.getTime() + (minutes > 0 ? randomBelow(minutes * MINUTE_MS) : 0)) : null,
});

/** The first tick behind an instant. Throws INVALID_INPUT if there is none, or if the window reaches into the next one. */
export function firstTick(timing: Timing, after: Date): Next {
  const { starts_at: start, ends_at: end, window_minutes: minutes = 0 } = timing;
  if (start && end && end <= start)
    throw invalidInput(`ends_at ${end.toISOString()} is not after starts_at ${start.toISOString()}`);
  const [tick, second] = nextTicks(timing, after, 2);
  if (!tick)
    throw invalidInput(
      `schedule '${timing.schedule}' has no time after ${after.toISOString()}${end ? ` and up to ${end.toISOString()}` : ''}; choose a later one`,
    );
  if (second && second.getTime() - tick.getTime() < minutes * MINUTE_MS)
    throw invalidInput(
      `window_minutes ${minutes} is longer than the time between two runs, ${tick.toISOString()} and ${second.toISOString()}; make it shorter`,
    );
  return nextAt(tick, minutes);
}

/** What a job whose tick has come does now: the ticks that run, and what comes next. */
export function dueTicks(
  job: Timing &
    Pick<CronJobSpec, 'window_minutes'> & {
      readonly missed: Missed;
      readonly next_run_at: Date;
      readonly due_at: Date;
    },
  now: Date,
): { readonly ticks: readonly Date[]; readonly next: Next } {
  const { missed, next_run_at: tick } = job;
  const late = now.getTime() - job.due_at.getTime() > MISSED_MS;
  const ticks = late && missed === 'skip' ? [] : [tick];
  if (missed === 'all')
    for (const other of nextTicks(job, tick, MOST_MISSED - 1)) {
      if (other > now) break;
      ticks.push(other);
    }
  return { ticks, next: nextAt(nextTicks(job, now > tick ? now : tick, 1)[0], job.window_minutes) };
}
