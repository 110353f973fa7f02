import { CronExpressionParser } from 'cron-parser';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readSchedule } from './schedule.ts';
import { openZone } from './zone.ts';

const FROM = Date.parse('2026-01-01T00:00:00Z');

/** The first ticks behind an instant. */
function ticks(
  text: string,
  count: number,
  { zone = 'UTC', after = '2026-01-01T00:00:00Z', from = FROM } = {},
): readonly string[] {
  const schedule = readSchedule(text, openZone(zone), from);
  const found: string[] = [];
  for (let at = Date.parse(after); found.length < count; ) {
    const next = schedule.next(at);
    if (next === undefined) break;
    found.push(new Date(next).toISOString().slice(0, 16));
    at = next;
  }
  return found;
}

describe('five fields', () => {
  it('have names, ranges, steps and lists', () => {
    expect(ticks('*/20 8-9 * * mon-fri', 7)).toEqual(
      ['01T08:00', '01T08:20', '01T08:40', '01T09:00', '01T09:20', '01T09:40', '02T08:00'].map(
        (time) => `2026-01-${time}`,
      ),
    );
    expect(ticks('5,10 0 1 JAN,jul *', 3)).toEqual(['2026-01-01T00:05', '2026-01-01T00:10', '2026-07-01T00:05']);
    expect(ticks('0 0 * * 5-7', 3)).toEqual(['2026-01-02T00:00', '2026-01-03T00:00', '2026-01-04T00:00']);
    expect(ticks('0 0 * * sat-sun', 2)).toEqual(['2026-01-03T00:00', '2026-01-04T00:00']);
    expect(ticks('@weekly', 2)).toEqual(['2026-01-04T00:00', '2026-01-11T00:00']);
  });

  it('fit a day of the month or of the week if both are given', () => {
    expect(ticks('0 0 13 * fri', 3)).toEqual(['2026-01-02T00:00', '2026-01-09T00:00', '2026-01-13T00:00']);
  });

  it('wait for a leap year, and know what never comes', () => {
    expect(ticks('0 0 29 2 *', 2)).toEqual(['2028-02-29T00:00', '2032-02-29T00:00']);
    expect(ticks('0 0 30 2 *', 1)).toEqual([]);
  });
});

describe('cron(…)', () => {
  it('knows L, W and #', () => {
    expect(ticks('cron(0 9 L * ? 2026)', 3)).toEqual(['2026-01-31T09:00', '2026-02-28T09:00', '2026-03-31T09:00']);
    expect(ticks('cron(0 9 LW * ? *)', 3)).toEqual(['2026-01-30T09:00', '2026-02-27T09:00', '2026-03-31T09:00']);
    // 1 August 2026 is a Saturday, 15 a Saturday, 31 May a Sunday.
    expect(ticks('cron(0 9 1W 8 ? *)', 1)).toEqual(['2026-08-03T09:00']);
    expect(ticks('cron(0 9 15W 8 ? *)', 1)).toEqual(['2026-08-14T09:00']);
    expect(ticks('cron(0 9 31W 5 ? *)', 1)).toEqual(['2026-05-29T09:00']);
    expect(ticks('cron(0 9 ? * 6L *)', 2)).toEqual(['2026-01-30T09:00', '2026-02-27T09:00']);
    expect(ticks('cron(0 9 ? * MON#1 *)', 2)).toEqual(['2026-01-05T09:00', '2026-02-02T09:00']);
    expect(ticks('cron(0 9 ? * 2-3 2027)', 2)).toEqual(['2027-01-04T09:00', '2027-01-05T09:00']);
    expect(ticks('cron(0 9 1 1 ? 2025)', 1)).toEqual([]);
  });
});

describe('rate(…) and at(…)', () => {
  it('count from where they begin, whatever the zone', () => {
    expect(ticks('rate(90 minutes)', 2)).toEqual(['2026-01-01T01:30', '2026-01-01T03:00']);
    expect(ticks('rate(1 day)', 2, { zone: 'Europe/Berlin', after: '2026-03-28T12:00:00Z' })).toEqual([
      '2026-03-29T00:00',
      '2026-03-30T00:00',
    ]);
    expect(ticks('rate(1 hour)', 1, { from: Date.parse('2026-05-01T00:10:00Z') })).toEqual(['2026-05-01T00:10']);
    expect(ticks('at(2026-07-01T08:00:00)', 2, { zone: 'Europe/Berlin' })).toEqual(['2026-07-01T06:00']);
  });
});

describe('daylight saving', () => {
  it('skips a time that clocks skip', () => {
    expect(ticks('30 2 * * *', 2, { zone: 'Europe/Berlin', after: '2026-03-28T02:00:00Z' })).toEqual([
      '2026-03-30T00:30',
      '2026-03-31T00:30',
    ]);
  });

  it('runs once at a time that clocks show twice', () => {
    expect(ticks('30 2 * * *', 2, { zone: 'Europe/Berlin', after: '2026-10-24T12:00:00Z' })).toEqual([
      '2026-10-25T00:30',
      '2026-10-26T01:30',
    ]);
    expect(ticks('*/30 * * * *', 4, { zone: 'Europe/Berlin', after: '2026-10-25T00:00:00Z' })).toEqual([
      '2026-10-25T00:30',
      '2026-10-25T02:00',
      '2026-10-25T02:30',
      '2026-10-25T03:00',
    ]);
  });

  it('knows zones whose clocks move by half an hour, and over a whole day', () => {
    expect(ticks('15 2 * * *', 2, { zone: 'Australia/Lord_Howe', after: '2026-10-03T00:00:00Z' })).toEqual([
      '2026-10-04T15:15',
      '2026-10-05T15:15',
    ]);
    expect(ticks('0 12 30 12 *', 1, { zone: 'Pacific/Apia', after: '2011-12-01T00:00:00Z' })).toEqual([
      '2012-12-29T22:00',
    ]);
  });
});

it.each([
  ['* * * *', 'has 4 fields, not five'],
  ['61 * * * *', `'61' is not a minute; use 0 to 59`],
  ['* * * FEV *', `'FEV' is not a month; use 1 to 12 or JAN to DEC`],
  ['5-2 * * * *', 'runs backwards'],
  ['*/0 * * * *', 'is not a step'],
  ['1/2/3 * * * *', 'is not a step'],
  ['1-2-3 * * * *', 'is not a range'],
  ['@never', `'@never' is not known`],
  ['cron(0 0 * * *)', 'does not have six fields'],
  ['cron(0 0 * * * *)', 'must be ?'],
  ['cron(0 0 ? * ? *)', 'must be ?'],
  ['cron(0 0 ? * 2#6 *)', `'6' is not a week of the month`],
  ['cron(0 0 32W * ? *)', `'32' is not a day of the month`],
  ['rate(0 minutes)', 'is not a rate'],
  ['rate(5 seconds)', 'is not a rate'],
  ['at(2026-02-30T00:00:00)', 'is not a time'],
])('%s is refused in a sentence', (text, words) => {
  expect(() => readSchedule(text, openZone('UTC'), FROM)).toThrow(words);
});

it('at(…) is refused where clocks skip it', () => {
  expect(() => readSchedule('at(2026-03-29T02:30:00)', openZone('Europe/Berlin'), FROM)).toThrow(
    'does not exist in Europe/Berlin',
  );
});

// The reference shifts a skipped time to the next hour and repeats repeated ones, so both are compared where clocks do not change, and in UTC.
describe('ten years of random expressions', () => {
  const field = (min: number, max: number) => {
    const value = fc.integer({ min, max });
    // The reference takes no value twice, nor a range of one value.
    const range = fc
      .uniqueArray(value, { minLength: 2, maxLength: 2 })
      .map(([a, b]) => `${Math.min(a!, b!)}-${Math.max(a!, b!)}`);
    const step = fc
      .tuple(fc.oneof(fc.constant('*'), range), fc.integer({ min: 1, max: 12 }))
      .map(([span, by]) => `${span}/${by}`);
    const one = fc.oneof(value.map(String), range);
    return fc.oneof(
      fc.constant('*'),
      step,
      one,
      fc.uniqueArray(value, { minLength: 2, maxLength: 3 }).map((all) => all.join(',')),
    );
  };
  /** A step over all days is a star for cron and none for the reference: only one of both days is given then. */
  const days = fc.oneof(
    fc.tuple(fc.constant('*'), field(0, 6)),
    fc.tuple(field(1, 31), fc.constant('*')),
    fc.tuple(fc.integer({ min: 1, max: 31 }).map(String), fc.integer({ min: 0, max: 6 }).map(String)),
  );
  const expression = fc
    .tuple(field(0, 59), field(0, 23), days, field(1, 12))
    .map(([minute, hour, [day, weekday], month]) => `${minute} ${hour} ${day} ${month} ${weekday}`);
  const start = fc.integer({ min: Date.UTC(2020, 0, 1), max: Date.UTC(2030, 0, 1) });
  const zone = fc.constantFrom(
    'UTC',
    'Asia/Tokyo',
    'Asia/Kolkata',
    'America/Phoenix',
    'Africa/Nairobi',
    'Asia/Kathmandu',
  );

  it('have the ticks of the reference library', () => {
    fc.assert(
      fc.property(expression, start, zone, (text, from, tz) => {
        const schedule = readSchedule(text, openZone(tz), 0);
        // What never comes makes the reference throw.
        if (schedule.next(from) === undefined) return;
        const reference = CronExpressionParser.parse(text, { tz, currentDate: new Date(from) });
        for (let at = from, n = 0; n < 5; n++) {
          at = schedule.next(at)!;
          expect(new Date(at).toISOString(), text).toBe(reference.next().toDate().toISOString());
        }
      }),
      { numRuns: 300 },
    );
  });

  it('in zones with daylight saving are exactly the minutes of the wall that fit, each once', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(
          'Europe/Berlin',
          'America/New_York',
          'Australia/Lord_Howe',
          'America/Santiago',
          'Africa/Casablanca',
          'Africa/Cairo',
        ),
        start,
        fc.constantFrom(7, 10, 15, 20),
        (name, from, by) => {
          const place = openZone(name);
          const schedule = readSchedule(`*/${by} 0-4 * * *`, place, 0);
          let at = from;
          let wall = 0;
          for (let n = 0; n < 200; n++) {
            at = schedule.next(at)!;
            const shown = new Date(place.wallAt(at));
            expect(shown.getUTCMinutes() % by).toBe(0);
            expect(shown.getUTCHours()).toBeLessThan(5);
            expect(shown.getTime()).toBeGreaterThan(wall);
            wall = shown.getTime();
          }
        },
      ),
      { numRuns: 30 },
    );
  });
});
