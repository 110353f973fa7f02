import { invalidInput } from '../../kernel/errors.ts';
import type { CronJobRow, Missed } from './job.ts';
import { ScheduleError } from './schedule/fields.ts';
import { readSchedule, type Schedule } from './schedule/schedule.ts';
import { openZone, type Zone } from './schedule/zone.ts';

/** A tick that is noticed this late was missed: nobody was there for it. */
const MISSED_MS = 60_000;
/** Most missed ticks of one job that are made up for. */
export const MOST_MISSED = 100;

/** Making a zone takes as long as a hundred questions to it. There are some 600 names, and most platforms know a few. */
const zones = new Map<string, Zone>();

function zoneOf(name: string): Zone {
  let zone = zones.get(name);
  if (!zone) zones.set(name, (zone = openZone(name)));
  return zone;
}

type Timing = Pick<CronJobRow, 'schedule' | 'timezone' | 'counts_from'>;

const scheduleOf = ({ schedule, timezone, counts_from: from }: Timing): Schedule =>
  readSchedule(schedule, zoneOf(timezone), from.getTime());

/** Up to `count` ticks behind an instant. Throws INVALID_INPUT for a schedule or a zone that cannot be read. */
export function nextTicks(timing: Timing, after: Date, count: number): readonly Date[] {
  try {
    const schedule = scheduleOf(timing);
    const ticks: Date[] = [];
    for (let at = schedule.next(after.getTime()); at !== undefined && ticks.length < count; at = schedule.next(at))
      ticks.push(new Date(at));
    return ticks;
  } catch (error) {
    if (error instanceof ScheduleError) throw invalidInput(`schedule: ${error.message}`);
    if (error instanceof RangeError)
      throw invalidInput(`timezone '${timing.timezone}' is not known; use a name like Europe/Berlin or UTC`);
    throw error;
  }
}

/** The first tick behind an instant. Throws INVALID_INPUT if there is none. */
export function firstTick(timing: Timing, after: Date): Date {
  const [tick] = nextTicks(timing, after, 1);
  if (!tick)
    throw invalidInput(`schedule '${timing.schedule}' has no time after ${after.toISOString()}; choose a later one`);
  return tick;
}

/** What a job whose tick has come does now: the ticks that run, and the one that comes next. */
export function dueTicks(
  job: Timing & { readonly missed: Missed; readonly next_run_at: Date },
  now: Date,
): { readonly ticks: readonly Date[]; readonly next: Date | null } {
  const { missed, next_run_at: due } = job;
  const late = now.getTime() - due.getTime() > MISSED_MS;
  const ticks = late && missed === 'skip' ? [] : [due];
  if (missed === 'all')
    for (const tick of nextTicks(job, due, MOST_MISSED - 1)) {
      if (tick > now) break;
      ticks.push(tick);
    }
  return { ticks, next: nextTicks(job, now > due ? now : due, 1)[0] ?? null };
}
