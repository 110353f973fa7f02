import { describe, expect, it } from 'vitest';
import { callOf, changesOf, groupsOf, matching, type Permission } from './permissions.ts';

const known: readonly Permission[] = [
  { permission: 'asg:read', operations: [] },
  { permission: 'instance:launch', operations: ['instances.launch'] },
  { permission: 'instance:read', operations: ['instances.get', 'instances.list'] },
  { permission: 'vpc:create', operations: ['vpcs.create'] },
  { permission: 'vpc:read', operations: ['vpcs.get'] },
];

describe('the matrix of permissions', () => {
  it('has a row for each resource, those that the platform uses first, and a column for each common action', () => {
    const groups = groupsOf(known);
    expect(groups.map(({ resource }) => resource)).toEqual(['instance', 'vpc', 'asg']);
    expect(groups[0]!.columns.map((one) => one?.permission)).toEqual([
      'instance:read',
      undefined,
      undefined,
      undefined,
    ]);
    expect(groups[0]!.others.map(({ permission }) => permission)).toEqual(['instance:launch']);
    expect(groups[2]!.isUsed).toBe(false);
  });

  it('is searched by permission and by operation, with all words', () => {
    const found = (text: string) => matching(known, text).map(({ permission }) => permission);
    expect(found('launch')).toEqual(['instance:launch']);
    expect(found('VPCS get')).toEqual(['vpc:read']);
    expect(found('read')).toHaveLength(3);
    expect(found('')).toHaveLength(known.length);
    expect(found('nothing')).toEqual([]);
  });
});

describe('a change of a role', () => {
  it('says what is added and what is removed', () => {
    expect(changesOf(['vpc:read', 'asg:read'], new Set(['vpc:read', 'vpc:create']))).toEqual({
      added: ['vpc:create'],
      removed: ['asg:read'],
    });
  });

  it('of one permission touches no other, so that two people can change a role at once', () => {
    const role = ['vpc:read', 'asg:read'];
    expect(callOf('r', role, new Set([...role, 'vpc:create']))).toEqual({
      operation: 'roles.addPermission',
      input: { id: 'r', permission: 'vpc:create' },
    });
    expect(callOf('r', role, new Set(['vpc:read']))).toEqual({
      operation: 'roles.removePermission',
      input: { id: 'r', permission: 'asg:read' },
    });
  });

  it('of several replaces all, and of none calls nothing', () => {
    expect(callOf('r', ['vpc:read'], new Set(['vpc:create', 'asg:read']))).toEqual({
      operation: 'roles.update',
      input: { id: 'r', permissions: ['asg:read', 'vpc:create'] },
    });
    expect(callOf('r', ['vpc:read'], new Set(['vpc:read']))).toBeUndefined();
  });
});
