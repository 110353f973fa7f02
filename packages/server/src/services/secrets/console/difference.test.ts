import { expect, it } from 'vitest';
import { differenceOf } from './difference.ts';

const version = {
  id: 'a',
  number: 1,
  stages: ['AWSPREVIOUS'],
  size: 8,
  encoding: 'text',
  user_id: 'u',
  created_at: '2026-01-02T03:04:05.000Z',
};

it('two versions differ in what is known of them, and one does not differ from itself', () => {
  expect(differenceOf(version, version)).toEqual([]);
  expect(differenceOf(version, { ...version, id: 'b', number: 2, stages: [], size: 9, encoding: 'base64' })).toEqual([
    { name: 'Version', from: '1', to: '2' },
    { name: 'Stages', from: 'AWSPREVIOUS', to: 'none' },
    { name: 'Size', from: '8 bytes', to: '9 bytes' },
    { name: 'Kind', from: 'text', to: 'bytes' },
  ]);
});
