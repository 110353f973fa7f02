import { expect, test } from 'vitest';
import { groupsOf } from './member-groups.ts';

test('an item shows first what its list shows, then the rest, and what machines need apart', () => {
  const service = {
    titleMember: 'name',
    columns: ['status', 'vpc_id', 'created_at'],
    references: { vpc_id: 'vpc', user_id: 'member' },
    hidden: ['env'],
  };
  const item = {
    id: 'i1',
    env: ['A=1'],
    user_id: 'u1',
    name: 'web',
    vpc_id: 'v1',
    container_id: 'c1',
    version: 3,
    later: 'a member that the schema does not know',
    status: 'RUNNING',
    created_at: '2026-01-01T00:00:00Z',
    image: 'busybox',
    gone: undefined,
  };
  expect(groupsOf(service, item, ['id', 'user_id', 'name', 'env', 'image', 'missing'])).toEqual({
    main: ['name', 'status', 'vpc_id', 'created_at', 'user_id', 'image', 'later', 'env'],
    technical: ['id', 'container_id', 'version'],
  });
});
