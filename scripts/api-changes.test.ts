import { describe, expect, it } from 'vitest';
import { findBreakingChanges } from './api-changes.mjs';

const operation = {
  name: 'things.create',
  method: 'POST',
  path: '/things',
  status: 201,
  scope: 'tenant',
  input: {
    type: 'object',
    required: ['name'],
    properties: { name: { type: 'string' }, size: { type: 'string', enum: ['s', 'm'] } },
  },
  output: {
    type: 'object',
    required: ['id'],
    properties: { id: { type: 'string' }, tags: { type: 'array', items: { type: 'string' } } },
  },
};
const changed = (change: object) => findBreakingChanges([operation], [{ ...operation, ...change }]);

describe('a change of the API', () => {
  it('breaks nothing when it only adds', () => {
    const input = { ...operation.input, properties: { ...operation.input.properties, color: { type: 'string' } } };
    const output = { ...operation.output, properties: { ...operation.output.properties, color: { type: 'string' } } };
    expect(
      findBreakingChanges(
        [operation],
        [
          { ...operation, input, output },
          { ...operation, name: 'things.list' },
        ],
      ),
    ).toEqual([]);
  });

  it.each([
    ['a route that moved', { path: '/stuff' }, 'was POST /things, is POST /stuff'],
    ['another status', { status: 202 }, 'answered 201, answers 202'],
    [
      'a member that is required now',
      { input: { ...operation.input, required: ['name', 'size'] } },
      'size is required now',
    ],
    [
      'a member that is gone',
      { output: { ...operation.output, properties: { id: { type: 'string' } } } },
      'output.tags is gone',
    ],
    ['a member that may be missing', { output: { ...operation.output, required: [] } }, 'id may be missing now'],
    [
      'another type',
      { output: { ...operation.output, properties: { ...operation.output.properties, id: { type: 'integer' } } } },
      'was string, is integer',
    ],
    [
      'a value that is refused now',
      {
        input: {
          ...operation.input,
          properties: { ...operation.input.properties, size: { type: 'string', enum: ['s'] } },
        },
      },
      '"m" is refused now',
    ],
  ])('breaks clients by %s', (_, change, told) => {
    expect(changed(change).join()).toContain(told);
  });

  it('breaks clients by an operation that is gone', () => {
    expect(findBreakingChanges([operation], [])).toEqual(['things.create is gone']);
  });
});
