import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createManualClock } from '../testing/manual-clock.ts';
import { type AdmissionSettings, createAdmission } from './admission.ts';

const settle = () => new Promise((resolve) => setImmediate(resolve));

/** An admission whose calls end when the test says. */
function setUp(settings: Partial<AdmissionSettings> = {}) {
  const clock = createManualClock();
  const admission = createAdmission({ slots: 2, perTenant: 2, maxWaiting: 100, maxWaitMs: 1_000, ...settings }, clock);
  const running: string[] = [];
  const served: string[] = [];
  const enders = new Map<string, { resolve: () => void; reject: (error: Error) => void }>();
  return {
    clock,
    admission,
    /** Names of the calls that run, in the order of their beginnings. */
    running,
    /** The same of all that ever began. */
    served,
    call(name: string, tenant: string, alone = false): Promise<string> {
      const done = admission.run(tenant, alone, async () => {
        running.push(name);
        served.push(name);
        try {
          await new Promise<void>((resolve, reject) => enders.set(name, { resolve, reject }));
        } finally {
          running.splice(running.indexOf(name), 1);
        }
        return name;
      });
      done.catch(() => undefined);
      return done;
    },
    async end(name: string, error?: Error): Promise<void> {
      if (error) enders.get(name)!.reject(error);
      else enders.get(name)!.resolve();
      await settle();
    },
  };
}

const tooMany = { code: 'RATE_LIMITED', status: 429, retryAfter: 1 };

describe('admission', () => {
  it('lets calls run at once while there are slots, and answers what they answer', async () => {
    const { admission, clock } = setUp();
    expect(await admission.run('a', false, async () => 5)).toBe(5);
    await expect(admission.run('a', true, () => Promise.reject(new Error('mine')))).rejects.toThrow('mine');
    expect([admission.waiting(), clock.sleepers()]).toEqual([0, 0]);
  });

  it('holds a tenant to its share, and leaves the rest to the others', async () => {
    const { call, end, running } = setUp({ slots: 3, perTenant: 2 });
    for (const name of ['a1', 'a2', 'a3']) void call(name, 'a');
    void call('b1', 'b');
    await settle();
    expect(running).toEqual(['a1', 'a2', 'b1']);
    await end('b1');
    expect(running, 'the free slot is none of a').toEqual(['a1', 'a2']);
    await end('a1');
    expect(running).toEqual(['a2', 'a3']);
  });

  it('serves waiting tenants in turn, however much each asks for', async () => {
    const { call, end, served } = setUp({ slots: 1, perTenant: 1 });
    for (let i = 1; i <= 5; i++) void call(`a${i}`, 'a');
    for (let i = 1; i <= 2; i++) void call(`b${i}`, 'b');
    void call('c1', 'c');
    for (let i = 0; i < 8; i++) await end(served.at(-1)!);
    expect(served.indexOf('b1'), served.join()).toBeLessThanOrEqual(3);
    expect(served.indexOf('c1')).toBeLessThanOrEqual(3);
    expect(served.indexOf('b2')).toBeLessThanOrEqual(6);
    expect(served.filter((name) => name.startsWith('a'))).toEqual(['a1', 'a2', 'a3', 'a4', 'a5']);
  });

  it('runs what must be alone one after the other, in the order of arrival, and holds no slot for those behind', async () => {
    const { call, end, running, served, admission } = setUp({ slots: 2, perTenant: 2 });
    for (const name of ['w1', 'w2', 'w3']) void call(name, 'a', true);
    await settle();
    expect([running, admission.waiting()]).toEqual([['w1'], 2]);
    void call('b1', 'b');
    await settle();
    expect(running, 'the second slot is free for others').toEqual(['w1', 'b1']);
    await end('w1');
    await end('w2');
    await end('w3');
    expect(served).toEqual(['w1', 'b1', 'w2', 'w3']);
  });

  it("lets a tenant's reads by while its own changes wait for each other", async () => {
    const { call, end, running } = setUp({ slots: 3, perTenant: 2 });
    for (let i = 1; i <= 50; i++) void call(`w${i}`, 'a', true);
    for (let i = 1; i <= 3; i++) {
      void call(`r${i}`, 'a');
      await settle();
      expect(running).toEqual(['w1', `r${i}`]);
      await end(`r${i}`);
    }
  });

  it('lets others of the tenant by who came behind one that must wait to be alone', async () => {
    const { call, end, running } = setUp({ slots: 3, perTenant: 2 });
    void call('w1', 'a', true);
    void call('r1', 'a');
    void call('w2', 'a', true);
    void call('r2', 'a');
    await settle();
    expect(running).toEqual(['w1', 'r1']);
    await end('r1');
    expect(running).toEqual(['w1', 'r2']);
  });

  it('is alone within a tenant, not among all', async () => {
    const { call, running } = setUp();
    void call('a1', 'a', true);
    void call('b1', 'b', true);
    await settle();
    expect(running).toEqual(['a1', 'b1']);
  });

  it('refuses one more than may wait, of that tenant only', async () => {
    const { call, end, running } = setUp({ slots: 1, perTenant: 1, maxWaiting: 2 });
    for (const name of ['a1', 'a2', 'a3']) void call(name, 'a');
    await expect(call('a4', 'a')).rejects.toMatchObject({
      ...tooMany,
      message: '2 calls of this tenant are already waiting; send fewer at a time',
    });
    const other = call('b1', 'b');
    await settle();
    while (running.length > 0) await end(running[0]!);
    expect(await other).toBe('b1');
  });

  it('refuses who has waited too long, and runs nothing of it afterwards', async () => {
    const { call, end, clock, admission, served } = setUp({ slots: 1, perTenant: 1, maxWaitMs: 500 });
    void call('a1', 'a');
    await settle();
    const late = call('a2', 'a');
    await clock.advance(499);
    const patient = call('a3', 'a');
    await clock.advance(1);
    await expect(late).rejects.toMatchObject(tooMany);
    expect(admission.waiting()).toBe(1);
    await end('a1');
    await end('a3');
    expect(await patient).toBe('a3');
    expect(served).toEqual(['a1', 'a3']);
    await clock.advance(10_000);
    expect([admission.waiting(), clock.sleepers()]).toEqual([0, 0]);
    expect(served).toHaveLength(2);
  });

  it('gives the slot back when a call fails', async () => {
    const { call, end, running } = setUp({ slots: 1, perTenant: 1 });
    const failing = call('a1', 'a', true);
    void call('a2', 'a', true);
    await settle();
    await end('a1', new Error('broken'));
    await expect(failing).rejects.toThrow('broken');
    expect(running).toEqual(['a2']);
  });

  it('keeps its promises whatever comes and goes (property)', async () => {
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.record({ tenant: fc.nat(2), alone: fc.boolean() }) },
      { weight: 2, arbitrary: fc.record({ end: fc.nat(20), fails: fc.boolean() }) },
      { weight: 1, arbitrary: fc.record({ pass: fc.nat(400) }) },
    );
    await fc.assert(
      fc.asyncProperty(
        fc.record({ slots: fc.integer({ min: 1, max: 5 }), perTenant: fc.integer({ min: 1, max: 4 }) }),
        fc.array(step, { maxLength: 80, size: 'max' }),
        async ({ slots, perTenant }, steps) => {
          const { admission, call, clock, end, running, served } = setUp({ slots, perTenant, maxWaitMs: 500 });
          const facts = new Map<string, { tenant: string; alone: boolean; refused: boolean; ended: boolean }>();
          const of = (name: string) => facts.get(name)!;
          const check = () => {
            expect(running.length).toBeLessThanOrEqual(slots);
            for (const tenant of ['0', '1', '2']) {
              const mine = running.filter((name) => of(name).tenant === tenant);
              expect(mine.length).toBeLessThanOrEqual(perTenant);
              expect(mine.filter((name) => of(name).alone).length).toBeLessThanOrEqual(1);
              // Nobody waits for nothing.
              const waiting = [...facts].filter(
                ([name, one]) => one.tenant === tenant && !one.refused && !served.includes(name),
              );
              const aloneRuns = mine.some((name) => of(name).alone);
              if (running.length < slots && mine.length < perTenant)
                expect(waiting.every(([, one]) => one.alone && aloneRuns)).toBe(true);
              // First come, first served: among those that must be alone, and among the others.
              for (const alone of [true, false]) {
                const order = served.filter((name) => of(name).tenant === tenant && of(name).alone === alone);
                expect(order).toEqual([...order].sort((a, b) => Number(a) - Number(b)));
              }
            }
          };
          let count = 0;
          for (const one of steps) {
            if ('tenant' in one) {
              const name = String(count++);
              const fact = { tenant: String(one.tenant), alone: one.alone, refused: false, ended: false };
              facts.set(name, fact);
              call(name, fact.tenant, one.alone).then(
                () => (fact.ended = true),
                (error: Error) => {
                  fact.refused = error.message !== 'broken';
                  fact.ended = true;
                },
              );
              await settle();
            } else if ('end' in one) {
              const name = running[one.end % Math.max(1, running.length)];
              if (name !== undefined) await end(name, one.fails ? new Error('broken') : undefined);
            } else await clock.advance(one.pass);
            check();
          }
          while (running.length > 0) {
            await end(running[0]!);
            check();
          }
          for (const [name, fact] of facts) {
            expect(fact.ended).toBe(true);
            expect(served.includes(name)).toBe(!fact.refused);
          }
          // The one timer of all who waited ends at its next look.
          await clock.advance(500);
          expect([admission.waiting(), clock.sleepers()]).toEqual([0, 0]);
        },
      ),
      { numRuns: 200 },
    );
  });
});
