import { describe, expect, test } from 'vitest';
import { changedPages, isShown, patched, prepended, withoutLater } from './patches.ts';

const event = {
  id: 'e1',
  action: 'INSTANCE_STOP',
  resource_type: 'instance',
  resource_id: 'i1',
  actor: 'u1',
  created_at: '2026-01-01T12:00:00.000Z',
};

describe('an event is shown in a list of events', () => {
  test.each([
    [{}, true],
    [{ resource_type: 'instance', resource_id: 'i1', actor: 'u1' }, true],
    [{ resource_type: 'vpc' }, false],
    [{ resource_id: 'i2' }, false],
    [{ actor: 'system:instance' }, false],
    [{ action: 'INSTANCE_STOP' }, true],
    [{ action: 'INSTANCE_*' }, true],
    [{ action: 'INSTANCE_' }, false],
    [{ action: 'VPC_*' }, false],
    [{ from: '2026-01-01T13:00:00+01:00', to: '2026-01-01T12:00:01Z' }, true],
    [{ to: '2026-01-01T12:00:00Z' }, false],
    [{ from: '2026-01-01T12:00:01Z' }, false],
  ])('with the filter %j: %s', (filter, shown) => {
    expect(isShown(filter, event)).toBe(shown);
  });
});

describe('what is shown of an item', () => {
  test('takes what an event says of its members, and no member that it does not show', () => {
    expect(patched({ id: 'i1', status: 'RUNNING' }, { status: 'STOPPED', secret: 'x' })).toEqual({
      id: 'i1',
      status: 'STOPPED',
    });
  });

  test('stays the same object if the event says nothing of it, so that nothing is rendered', () => {
    const item = { id: 'i1', status: 'RUNNING' };
    expect(patched(item, { size: 3 })).toBe(item);
    const data = { pages: [{ items: [item] }] };
    expect(changedPages(data, (one) => one)).toBe(data);
    expect(prepended(data, [item])).toBe(data);
  });

  test('changes in the page that holds it alone', () => {
    const data = { pages: [{ items: [{ id: 'a' }, { id: 'b' }] }, { items: [{ id: 'c' }] }], pageParams: ['', 'x'] };
    const next = changedPages(data, (item) => (item.id === 'b' ? undefined : item));
    expect(next).toEqual({ pages: [{ items: [{ id: 'a' }] }, { items: [{ id: 'c' }] }], pageParams: ['', 'x'] });
    expect(next.pages[1]).toBe(data.pages[1]);
  });

  test('comes on top when it is new', () => {
    const data = { pages: [{ items: [{ id: 'a' }], nextCursor: 'n' }] };
    expect(prepended(data, [{ id: 'b' }, { id: 'a' }])).toEqual({
      pages: [{ items: [{ id: 'b' }, { id: 'a' }], nextCursor: 'n' }],
    });
  });
});

test('an item that was not read yet comes on top of a list only if no page to come has it', () => {
  const [newest, oldest, later] = [3, 2, 1].map((day) => ({
    id: `${day}`,
    created_at: `2026-01-0${day}T00:00:00.000Z`,
  }));
  const middle = { id: 'middle', created_at: '2026-01-02T12:00:00Z' };
  const items = [newest!, oldest!];
  expect(withoutLater({ pages: [{ items, nextCursor: 'more' }] }, [middle, later!])).toEqual([middle]);
  expect(withoutLater({ pages: [{ items }] }, [middle, later!])).toEqual([middle, later]);
});
