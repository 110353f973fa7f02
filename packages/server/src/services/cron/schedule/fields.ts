/** The parts of a cron expression. Texts are in upper case. Each function throws ScheduleError with a sentence for the person who wrote it. */
export class ScheduleError extends Error {}

export interface Range {
  readonly noun: string;
  readonly min: number;
  readonly max: number;
  /** Names of the values from `min` on. */
  readonly names?: readonly string[];
}

const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const DAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];

export const MINUTE: Range = { noun: 'minute', min: 0, max: 59 };
export const HOUR: Range = { noun: 'hour', min: 0, max: 23 };
export const DAY_OF_MONTH: Range = { noun: 'day of the month', min: 1, max: 31 };
export const MONTH: Range = { noun: 'month', min: 1, max: 12, names: MONTHS };
/** In five fields: 0 and 7 are Sunday. */
export const DAY_OF_WEEK: Range = { noun: 'day of the week', min: 0, max: 7, names: DAYS };
/** In EventBridge's six: 1 is Sunday. */
export const AWS_DAY_OF_WEEK: Range = { noun: 'day of the week', min: 1, max: 7, names: DAYS };
export const YEAR: Range = { noun: 'year', min: 1970, max: 2199 };

/** A date of the calendar; `month` from 1 on, `weekday` from 0, which is Sunday. */
export interface Day {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly weekday: number;
}
export type DayRule = (day: Day) => boolean;

function valueOf(text: string, range: Range): number {
  const named = range.names?.indexOf(text) ?? -1;
  const value = named >= 0 ? range.min + named : /^\d{1,4}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= range.min && value <= range.max))
    throw new ScheduleError(
      `'${text}' is not a ${range.noun}; use ${range.min} to ${range.max}${range.names ? ` or ${range.names[0]} to ${range.names.at(-1)}` : ''}`,
    );
  return value;
}

/** The values of a list of values, ranges and steps. */
export function valuesOf(text: string, range: Range): ReadonlySet<number> {
  const values = new Set<number>();
  for (const item of text.split(',')) {
    const [span = '', step, more] = item.split('/');
    if (more !== undefined || (step !== undefined && !/^[1-9]\d{0,3}$/.test(step)))
      throw new ScheduleError(`'${item}' is not a step of the ${range.noun}; write it like */5`);
    let { min: first, max: last } = range;
    if (span !== '*') {
      const [from = '', to, third] = span.split('-');
      if (third !== undefined) throw new ScheduleError(`'${item}' is not a range of the ${range.noun}`);
      first = valueOf(from, range);
      last = to === undefined ? (step === undefined ? first : range.max) : valueOf(to, range);
      // A week ends with Sunday as well as it begins with it.
      if (to === 'SUN' && range === DAY_OF_WEEK) last = 7;
      if (first > last)
        throw new ScheduleError(`'${item}' runs backwards; the first ${range.noun} must not be behind the last`);
    }
    for (let value = first; value <= last; value += Number(step ?? 1)) values.add(value);
  }
  return values;
}

const lastDay = ({ year, month }: Day): number => new Date(Date.UTC(year, month, 0)).getUTCDate();
const weekdayOf = ({ year, month }: Day, day: number): number => new Date(Date.UTC(year, month - 1, day)).getUTCDay();

/** The day from Monday to Friday next to a day, in the same month. */
function nearestWeekday(in_: Day, wanted: number): number {
  const last = lastDay(in_);
  const weekday = weekdayOf(in_, wanted);
  if (weekday === 6) return wanted === 1 ? 3 : wanted - 1;
  if (weekday === 0) return wanted === last ? wanted - 2 : wanted + 1;
  return wanted;
}

/** EventBridge's day of the month: beside values L, LW and 15W. */
export function awsDayOfMonth(text: string): DayRule {
  if (text === 'L') return (day) => day.day === lastDay(day);
  if (text === 'LW') return (day) => day.day === nearestWeekday(day, lastDay(day));
  const near = /^(\d{1,2})W$/.exec(text)?.[1];
  if (near !== undefined) {
    const wanted = valueOf(near, DAY_OF_MONTH);
    return (day) => wanted <= lastDay(day) && day.day === nearestWeekday(day, wanted);
  }
  const days = valuesOf(text, DAY_OF_MONTH);
  return ({ day }) => days.has(day);
}

/** EventBridge's day of the week: beside values L, 6L (the month's last Friday) and 6#3 (its third). */
export function awsDayOfWeek(text: string): DayRule {
  if (text === 'L') return ({ weekday }) => weekday === 6;
  const special = /^(\w+?)(?:L|#(\w+))$/.exec(text);
  if (special) {
    const weekday = valueOf(special[1]!, AWS_DAY_OF_WEEK) - 1;
    if (special[2] === undefined) return (day) => day.weekday === weekday && day.day + 7 > lastDay(day);
    const place = valueOf(special[2], { noun: 'week of the month', min: 1, max: 5 });
    return (day) => day.weekday === weekday && Math.ceil(day.day / 7) === place;
  }
  const days = valuesOf(text, AWS_DAY_OF_WEEK);
  return ({ weekday }) => days.has(weekday + 1);
}

/**
 * Both days of a five-field expression. If neither begins with a star, a day fits that fits one of them; otherwise one that fits both, as cron has done
 * since 1987.
 */
export function cronDay(ofMonth: string, ofWeek: string): DayRule {
  const days = valuesOf(ofMonth, DAY_OF_MONTH);
  const weekdays = valuesOf(ofWeek, DAY_OF_WEEK);
  const fits = (weekday: number): boolean => weekdays.has(weekday) || (weekday === 0 && weekdays.has(7));
  if (ofMonth.startsWith('*') || ofWeek.startsWith('*')) return ({ day, weekday }) => days.has(day) && fits(weekday);
  return ({ day, weekday }) => days.has(day) || fits(weekday);
}
