import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createManualClock } from '../testing/manual-clock.ts';
import {
  ec2Id,
  isEc2Id,
  isUuid,
  newAccountNumber,
  newAwsKeyPair,
  newId,
  newSecret,
  randomBelow,
  sha256Hex,
} from './ids.ts';
import { pageRequest, toPage } from './page.ts';
import { createSealer } from './seal.ts';
import { createTokenBucket, createTokenBuckets } from './token-bucket.ts';

describe('ids', () => {
  it('are UUIDv7: version, variant, and in the order of time', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 47), fc.nat(2 ** 47), (a, b) => {
        const [one, two] = [newId(a), newId(b)];
        expect(one).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
        expect(Number.parseInt(one.replaceAll('-', '').slice(0, 12), 16)).toBe(a);
        if (a !== b) expect(one < two).toBe(a < b);
      }),
    );
    expect(new Set(Array.from({ length: 1000 }, () => newId(5))).size).toBe(1000);
  });

  it('are told from other texts', () => {
    expect(isUuid(newId())).toBe(true);
    expect(isUuid(newId().toUpperCase())).toBe(true);
    for (const text of ['', 'x', `${newId()}a`, newId().replaceAll('-', ''), `\n${newId()}`])
      expect(isUuid(text)).toBe(false);
  });

  it('have a form that EC2 clients take', () => {
    const id = '0198c0de-1234-7567-89ab-0000000abcde';
    expect(ec2Id('vpc', id)).toBe('vpc-789ab0000000abcde');
    expect(isEc2Id('vpc', ec2Id('vpc', newId()))).toBe(true);
    for (const text of [ec2Id('i', id), id, 'vpc-', 'vpc-1', ec2Id('vpc', id).toUpperCase(), `${ec2Id('vpc', id)}0`])
      expect(isEc2Id('vpc', text)).toBe(false);
  });

  it('and secrets have the shapes that others expect', () => {
    expect(newSecret(16)).toMatch(/^[0-9a-f]{32}$/);
    expect(newAccountNumber()).toMatch(/^[1-9]\d{11}$/);
    const pair = newAwsKeyPair();
    expect(pair.accessKeyId).toMatch(/^AKIA[A-Z2-7]{16}$/);
    expect(pair.secretAccessKey).toMatch(/^[\w-]{40}$/);
    expect(sha256Hex('')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    for (let i = 0; i < 50; i++) expect([0, 1, 2]).toContain(randomBelow(3));
  });
});

describe('a sealed value', () => {
  const key = (byte: number) => Buffer.alloc(32, byte);
  const sealer = createSealer(new Map([[1, key(1)]]));

  it('opens as it was, for the same tenant and purpose only', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const sealed = sealer.seal('t', 'p', text);
        expect(sealed).toMatch(/^v1\.[\w-]+\.[\w-]+$/);
        expect(sealer.open('t', 'p', sealed)).toBe(text);
        expect(() => sealer.open('u', 'p', sealed)).toThrow();
        expect(() => sealer.open('t', 'q', sealed)).toThrow();
      }),
    );
    expect(sealer.seal('t', 'p', 'x')).not.toBe(sealer.seal('t', 'p', 'x'));
  });

  it('does not open when a single bit was changed', () => {
    const [version, nonce, body] = sealer.seal('t', 'p', 'secret').split('.') as [string, string, string];
    for (const part of [1, 2]) {
      const bytes = Buffer.from(part === 1 ? nonce : body, 'base64url');
      for (let bit = 0; bit < bytes.length * 8; bit++) {
        const changed = Buffer.from(bytes);
        changed[bit >> 3]! ^= 1 << (bit & 7);
        const sealed =
          part === 1
            ? `${version}.${changed.toString('base64url')}.${body}`
            : `${version}.${nonce}.${changed.toString('base64url')}`;
        expect(() => sealer.open('t', 'p', sealed)).toThrow();
      }
    }
    for (const garbage of ['', 'secret', 'v1.a', 'v1..', `v9.${nonce}.${body}`, `v1.${nonce}.AAAA`])
      expect(() => sealer.open('t', 'p', garbage)).toThrow();
  });

  it('opens after the key was rotated, and new ones take the newest', () => {
    const rotated = createSealer(
      new Map([
        [1, key(1)],
        [2, key(2)],
      ]),
    );
    expect(rotated.open('t', 'p', sealer.seal('t', 'p', 'old'))).toBe('old');
    expect(rotated.seal('t', 'p', 'new')).toMatch(/^v2\./);
    expect(() => sealer.open('t', 'p', rotated.seal('t', 'p', 'new'))).toThrow('master key 2, which is not here');
  });

  it('has a keyed fingerprint: the same for the same tenant and text, and nothing to somebody without the key', () => {
    const print = sealer.fingerprint('t', 'hunter2');
    expect(print).toMatch(/^[0-9a-f]{64}$/);
    expect(print).toBe(createSealer(new Map([[1, key(1)]])).fingerprint('t', 'hunter2'));
    for (const other of [
      sealer.fingerprint('u', 'hunter2'),
      sealer.fingerprint('t', 'hunter3'),
      createSealer(new Map([[1, key(2)]])).fingerprint('t', 'hunter2'),
      sha256Hex('hunter2'),
    ])
      expect(other).not.toBe(print);
  });

  it('needs a key of 32 bytes', () => {
    expect(() => createSealer(new Map())).toThrow('no master key');
    expect(() => createSealer(new Map([[1, Buffer.alloc(31)]]))).toThrow('31 bytes');
  });
});

describe('pages', () => {
  const rows = Array.from({ length: 7 }, (_, index) => ({ id: newId(1000 - index) }));
  /** What a repository answers: the rows after the cursor, one more than asked. */
  const fetch = (limit: number, after: string | null) =>
    rows.slice(after === null ? 0 : rows.findIndex((row) => row.id === after) + 1).slice(0, limit + 1);

  it('show every row once, whatever their size', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), (limit) => {
        const seen: string[] = [];
        let cursor: string | undefined;
        for (let pages = 0; pages < 10; pages++) {
          const request = pageRequest({ limit, ...(cursor === undefined ? {} : { cursor }) });
          const page = toPage(fetch(request.limit, request.after), request.limit, (row) => row.id);
          expect(page.items.length).toBeLessThanOrEqual(limit);
          seen.push(...page.items.map((row) => row.id));
          cursor = page.nextCursor;
          if (cursor === undefined) break;
        }
        expect(seen).toEqual(rows.map((row) => row.id));
      }),
    );
  });

  it('have a size when none is asked, and refuse a cursor that nobody gave', () => {
    expect(pageRequest({})).toEqual({ limit: 50, after: null });
    for (const cursor of ['', 'x', Buffer.from('no id').toString('base64url')])
      expect(() => pageRequest({ cursor })).toThrow(/was not returned by a list/);
    expect(pageRequest({ cursor: Buffer.from('basic-1').toString('base64url') }, () => true).after).toBe('basic-1');
    expect(toPage([], 5, (row) => row)).toEqual({ items: [] });
  });
});

describe('a token bucket', () => {
  it('gives its burst, then its rate, and never more than its burst', async () => {
    const clock = createManualClock();
    const bucket = createTokenBucket(clock, { perSecond: 2, burst: 3 });
    const taken = (tries: number) => Array.from({ length: tries }, () => bucket.take()).filter(Boolean).length;
    expect(bucket.retryAfter()).toBe(0);
    expect(taken(9)).toBe(3);
    expect(bucket.retryAfter()).toBe(1);
    await clock.advance(500);
    expect(taken(9)).toBe(1);
    await clock.advance(60_000);
    expect(taken(9)).toBe(3);
  });

  it('never lets more through than its rate and burst (property)', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(2000), { maxLength: 30 }), async (gaps) => {
        const clock = createManualClock();
        const bucket = createTokenBucket(clock, { perSecond: 5, burst: 4 });
        let taken = 0;
        for (const gap of gaps) {
          await clock.advance(gap);
          for (let i = 0; i < 6; i++) if (bucket.take()) taken++;
        }
        expect(taken).toBeLessThanOrEqual(4 + (clock.monotonic() / 1000) * 5 + 1e-6);
      }),
      { numRuns: 30 },
    );
  });

  it('is one for each key, at most so many; the longest unused goes', () => {
    const buckets = createTokenBuckets(createManualClock(), { perSecond: 1, burst: 1 }, 2);
    expect(buckets.of('a').take()).toBe(true);
    expect(buckets.of('b').take()).toBe(true);
    expect(buckets.of('a').take()).toBe(false);
    buckets.of('c');
    expect(buckets.of('a').take()).toBe(false);
    expect(buckets.of('b').take()).toBe(true);
  });
});
