import { describe, expect, it } from 'vitest';
import { redriveOf, requireDeadLetterQueue, requireOwnAccount, DEFAULTS, settle } from './queue-rules.ts';

const ACCOUNT = '123456789012';

describe('attributes', () => {
  it('keep what is not given', () => {
    const before = { ...DEFAULTS, delay_seconds: 7, access_policy: '{}' };
    expect(settle({ visibility_timeout: 0 }, before, false)).toEqual({ ...before, visibility_timeout: 0 });
    expect(settle({ access_policy: '' }, before, false).access_policy).toBeNull();
  });

  it.each([
    [{ retention_seconds: 60 }, 60],
    [{ retention_days: 2 }, 172_800],
    [{ retention_days: 2, retention_seconds: 86_401 }, 86_401],
    [{}, 345_600],
  ])('have one retention, by %j', (given, seconds) => {
    expect(settle(given, DEFAULTS, false).retention_seconds).toBe(seconds);
  });

  it('are refused where days and seconds disagree', () => {
    expect(() => settle({ retention_days: 1, retention_seconds: 86_401 }, DEFAULTS, false)).toThrow(
      'retention_days 1 is not retention_seconds 86401 in days, rounded up, which is 2; give one of them',
    );
  });

  it.each([
    { content_based_deduplication: false },
    { deduplication_scope: 'queue' },
    { fifo_throughput: 'per_queue' },
  ] as const)('of a FIFO queue are refused for a standard one: %j', (given) => {
    expect(() => settle(given, DEFAULTS, false)).toThrow(`${Object.keys(given)[0]} is of FIFO queues only`);
    expect(settle(given, DEFAULTS, true)).toMatchObject(given);
  });

  it('allow throughput per group where deduplication is per group', () => {
    const wanted = { fifo_throughput: 'per_message_group' } as const;
    expect(() => settle(wanted, DEFAULTS, true)).toThrow(
      "needs deduplication_scope 'message_group', and it is 'queue'",
    );
    const before = settle({ ...wanted, deduplication_scope: 'message_group' }, DEFAULTS, true);
    expect(before).toMatchObject(wanted);
    expect(() => settle({ deduplication_scope: 'queue' }, before, true)).toThrow('set both');
  });
});

describe('the redrive policy', () => {
  const none = { dead_letter_queue_id: null, max_receive_count: null };
  const some = { dead_letter_queue_id: 'dead', max_receive_count: 3 };
  it.each([
    [{}, some, undefined],
    [{ dead_letter_queue_id: 'x', max_receive_count: 5 }, none, { ref: 'x', count: 5 }],
    [{ dead_letter_queue_id: 'x' }, some, { ref: 'x', count: 3 }],
    [{ max_receive_count: 9 }, some, { ref: 'dead', count: 9 }],
    [{ dead_letter_queue_id: null }, some, null],
    [{ max_receive_count: null }, some, null],
    [{ dead_letter_queue_id: null, max_receive_count: null }, none, null],
  ])('%j over %j', (given, before, wanted) => {
    expect(redriveOf(given, before)).toEqual(wanted);
  });

  it.each([
    [{ dead_letter_queue_id: 'x' }, none, 'needs max_receive_count'],
    [{ max_receive_count: 3 }, none, 'needs a dead-letter queue'],
    [{ dead_letter_queue_id: null, max_receive_count: 3 }, some, 'go together'],
    [{ dead_letter_queue_id: 'x', max_receive_count: null }, some, 'go together'],
  ])('refuses %j over %j', (given, before, words) => {
    expect(() => redriveOf(given, before)).toThrow(words);
  });

  const queue = { id: 'q', name: 'jobs', fifo: false };
  const dead = { id: 'd', name: 'dead', fifo: false, redrive_allow: null };
  it.each([null, { permission: 'allow_all' }, { permission: 'by_queue', source_queue_ids: ['x', 'q'] }] as const)(
    'may name a queue that allows it: %j',
    (allow) => {
      requireDeadLetterQueue(queue, { ...dead, redrive_allow: allow });
    },
  );

  it.each([
    [{ ...dead, id: 'q' }, 'cannot be its own dead-letter queue'],
    [
      { ...dead, fifo: true },
      "the dead-letter queue of a standard queue is a standard queue, and 'dead' is a FIFO queue",
    ],
    [{ ...dead, redrive_allow: { permission: 'deny_all' } as const }, "does not let 'jobs' use it"],
    [
      { ...dead, redrive_allow: { permission: 'by_queue', source_queue_ids: ['x'] } as const },
      "does not let 'jobs' use it",
    ],
  ])('may not name %j', (deadLetters, words) => {
    expect(() => requireDeadLetterQueue(queue, deadLetters)).toThrow(words);
  });
});

describe('an access policy', () => {
  const statement = {
    Sid: 'a',
    Effect: 'Allow',
    Principal: { AWS: ACCOUNT },
    Action: 'sqs:SendMessage',
    Resource: '*',
  };
  it.each([
    statement,
    { ...statement, Principal: { AWS: [`arn:aws:iam::${ACCOUNT}:root`, `arn:aws:iam::${ACCOUNT}:user/somebody`] } },
  ])('may allow users of the own account: %j', (one) => {
    requireOwnAccount(JSON.stringify({ Version: '2012-10-17', Statement: [one, statement] }), ACCOUNT);
    requireOwnAccount(JSON.stringify({ Statement: one }), ACCOUNT);
  });

  it.each([
    ['{', 'is not JSON'],
    ['[]', 'has no member Statement'],
    ['{"Version": "2012-10-17"}', 'has no member Statement'],
    [{ ...statement, Principal: '*' }, 'must name users of account 123456789012'],
    [{ ...statement, Principal: { AWS: '*' } }, 'names "*", which is not of account 123456789012'],
    [{ ...statement, Principal: { AWS: [ACCOUNT, '210987654321'] } }, 'names "210987654321"'],
    [{ ...statement, Principal: { AWS: [] } }, 'names nobody'],
    [{ ...statement, Principal: { AWS: `arn:aws:iam::210987654321:user/${ACCOUNT}` } }, 'which is not of account'],
    [{ ...statement, Principal: { Service: 'sns.amazonaws.com' } }, 'must name users'],
    [{ ...statement, Principal: undefined, NotPrincipal: { AWS: ACCOUNT } }, 'has no Principal'],
    [{ ...statement, Effect: 'Deny' }, "the effect 'Deny', and only Allow is supported"],
    ['{"Statement": ["x"]}', 'has a statement that is not an object'],
  ])('is refused: %j', (policy, words) => {
    const text = typeof policy === 'string' ? policy : JSON.stringify({ Statement: [policy] });
    expect(() => requireOwnAccount(text, ACCOUNT)).toThrow(words);
    expect(() => requireOwnAccount(text, ACCOUNT)).toThrow('roles decide who may use a queue here');
  });
});
