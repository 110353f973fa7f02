import { expect, test } from 'vitest';
import { changesOf, nameIn, wordsOf } from './happened.ts';

test('an action is told in words', () => {
  expect(wordsOf('INSTANCE_LAUNCH')).toBe('Instance launch');
  expect(wordsOf('VPC_ACTIVE')).toBe('VPC active');
  expect(wordsOf('vpc.create')).toBe('VPC create');
});

test('a change is told from and to, whatever its values are', () => {
  const changes = {
    status: { from: 'RUNNING', to: 'STOPPED' },
    description: { from: '', to: 'new' },
    force: { from: null, to: true },
    labels: { from: {}, to: { a: '1' } },
  };
  expect(changesOf({ changes })).toEqual([
    { title: 'Status', from: 'RUNNING', to: 'STOPPED' },
    { title: 'Description', from: 'nothing', to: 'new' },
    { title: 'Force', from: 'nothing', to: 'yes' },
    { title: 'Labels', from: '{}', to: '{"a":"1"}' },
  ]);
  expect(changesOf({})).toEqual([]);
});

test('a resource has the name that its event gives it, the new one first', () => {
  expect(nameIn({ changes: { name: { from: 'old', to: 'new' } }, metadata: { name: 'old' } })).toBe('new');
  expect(nameIn({ metadata: { name: 'web' } })).toBe('web');
  expect(nameIn({ metadata: { name: 5 } })).toBe(undefined);
});
