import { CloudApiError, CloudConnectionError } from '@thecloud/sdk';
import { expect, test } from 'vitest';
import { attemptOf, isAnswered } from './attempt.ts';

test('the same input keeps its key, so that a call that was not answered is not done twice', () => {
  const first = attemptOf(undefined, { name: 'web' });
  expect(attemptOf(first, { name: 'web' })).toBe(first);
  const other = attemptOf(first, { name: 'db' });
  expect(other.key).not.toBe(first.key);
  expect(other.key).toMatch(/^[0-9a-f]{32}$/);
});

test('a key is used up by an answer, and not by silence or a failure of the platform', () => {
  expect(isAnswered(new CloudApiError('CONFLICT', 409, 'taken'))).toBe(true);
  expect(isAnswered(new CloudApiError('UNAVAILABLE', 503, 'busy'))).toBe(false);
  expect(isAnswered(new CloudConnectionError('timeout', 'no answer'))).toBe(false);
});
