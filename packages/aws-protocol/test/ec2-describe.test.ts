import { describe as group, expect, it } from 'vitest';
import { describe, type DescribeInput, type FilterTable, type ListQuery } from '../src/ec2/index.ts';
import { AwsError } from '../src/index.ts';

interface Box {
  readonly id: string;
  readonly size: string | undefined;
  readonly Tags: readonly { Key: string; Value: string }[];
}

const FILTERS: FilterTable<Box> = { 'box-id': (box) => [box.id], size: (box) => [box.size] };

const boxes: readonly Box[] = Array.from({ length: 20 }, (_, n) => ({
  id: `box-${n}`,
  size: n % 2 === 0 ? 'large' : undefined,
  Tags: [{ Key: 'Name', Value: `web-${n}` }, ...(n < 3 ? [{ Key: 'tier', Value: 'a*b' }] : [])],
}));

/** Describes boxes; the list's token is the number of boxes that were answered. */
async function ask(input: DescribeInput & { ids?: string[] }) {
  const queries: ListQuery[] = [];
  const answer = await describe(input, {
    ids: input.ids,
    idFilter: 'box-id',
    filters: FILTERS,
    notFound: (id) => new AwsError('InvalidBoxID.NotFound', id),
    async list(query) {
      queries.push(query);
      const known = boxes.filter((box) => query.ids?.includes(box.id) ?? true);
      const from = Number(query.token ?? 0);
      const items = known.slice(from, from + query.limit).map((thing, n) => ({ thing, token: String(from + n + 1) }));
      const next = from + items.length;
      return { items, nextToken: next < known.length ? String(next) : undefined };
    },
  });
  return { ids: answer.things.map((box) => box.id), next: answer.nextToken, queries };
}

const codeOf = (input: Parameters<typeof ask>[0]) =>
  ask(input).then(
    () => 'answered',
    (error: AwsError) => error.code,
  );

group('a Describe request', () => {
  it('answers page by page, each asked of the list', async () => {
    const first = await ask({ MaxResults: 12 });
    expect([first.ids.length, first.next, first.queries]).toEqual([
      12,
      '12',
      [{ ids: undefined, limit: 12, token: undefined }],
    ]);
    const second = await ask({ MaxResults: 12, NextToken: first.next });
    expect([second.ids.length, second.next]).toEqual([8, undefined]);
  });

  it('with filters shows no more than asked for, and goes on behind the last one shown', async () => {
    const large = [{ Name: 'size', Values: ['large'] }];
    const first = await ask({ Filters: large, MaxResults: 7 });
    expect(first.ids).toEqual(['box-0', 'box-2', 'box-4', 'box-6', 'box-8', 'box-10', 'box-12']);
    const second = await ask({ Filters: large, MaxResults: 7, NextToken: first.next });
    expect([second.ids, second.next]).toEqual([['box-14', 'box-16', 'box-18'], undefined]);
  });

  it('asks for ids, and refuses one that is not there, filtered out or not', async () => {
    const two = await ask({ ids: ['box-3', 'box-1'] });
    expect([two.ids, two.queries[0]?.ids]).toEqual([
      ['box-1', 'box-3'],
      ['box-3', 'box-1'],
    ]);
    expect((await ask({ ids: ['box-1'], Filters: [{ Name: 'size', Values: ['large'] }] })).ids).toEqual([]);
    await expect(ask({ ids: ['box-1', 'box-77'] })).rejects.toMatchObject({
      code: 'InvalidBoxID.NotFound',
      message: 'box-77',
    });
    const paged = await ask({ ids: boxes.slice(0, 6).map((box) => box.id), MaxResults: 5 });
    expect(paged.ids).toHaveLength(5);
    const rest = await ask({ ids: boxes.slice(0, 6).map((box) => box.id), MaxResults: 5, NextToken: paged.next });
    expect([rest.ids, rest.next]).toEqual([['box-5'], undefined]);
  });

  it('hands ids in a filter to the list; those that nothing has are no error', async () => {
    const asked = await ask({ Filters: [{ Name: 'box-id', Values: ['box-5', 'box-77'] }] });
    expect([asked.ids, asked.queries[0]?.ids]).toEqual([['box-5'], ['box-5', 'box-77']]);
    const wild = await ask({ Filters: [{ Name: 'box-id', Values: ['box-1?'] }] });
    expect([wild.ids.length, wild.queries[0]?.ids]).toEqual([10, undefined]);
  });

  it.each([
    ['any text', 'tag:Name', ['web-1*'], 11],
    ['one character', 'tag:Name', ['web-?'], 10],
    ['both', 'tag:Name', ['*eb-?', 'web-19'], 11],
    ['a sign taken as it is', 'tag:tier', ['a\\*b'], 3],
    ['a sign taken as it is, and nothing like it', 'tag:tier', ['a\\?b'], 0],
    ['a key', 'tag-key', ['tier'], 3],
    ['a key of any name', 'tag-key', ['*'], 20],
    ['what a thing does not have', 'tag:none', ['*'], 0],
    ['no value', 'size', ['*'], 10],
    ['nothing left over', 'tag:Name', ['web'], 0],
  ])('filters by %s', async (_, Name, Values, count) => {
    expect((await ask({ Filters: [{ Name, Values }] })).ids).toHaveLength(count);
  });

  it('joins filters by and, values by or', async () => {
    const Filters = [
      { Name: 'size', Values: ['large', 'small'] },
      { Name: 'tag:Name', Values: ['web-2', 'web-3', 'web-4'] },
    ];
    expect((await ask({ Filters })).ids).toEqual(['box-2', 'box-4']);
  });

  it('refuses what it cannot answer', async () => {
    const values = (n: number, value = 'x') => [{ Name: 'size', Values: Array.from({ length: n }, () => value) }];
    for (const [input, code] of [
      [{ Filters: [{ Name: 'colour', Values: ['red'] }] }, 'InvalidParameterValue'],
      [{ Filters: [{ Name: 'toString', Values: ['red'] }] }, 'InvalidParameterValue'],
      [{ Filters: [{ Values: ['red'] }] }, 'InvalidParameterValue'],
      [{ Filters: [{ Name: 'size' }] }, 'InvalidParameterValue'],
      [{ Filters: values(1, 'x'.repeat(256)) }, 'InvalidParameterValue'],
      [{ Filters: values(201) }, 'FilterLimitExceeded'],
      [{ Filters: values(11, '*') }, 'FilterLimitExceeded'],
      [{ Filters: Array.from({ length: 51 }, () => values(1)[0]!) }, 'FilterLimitExceeded'],
      [{ MaxResults: 4 }, 'InvalidParameterValue'],
      [{ MaxResults: 1001 }, 'InvalidParameterValue'],
      [{ MaxResults: 5.5 }, 'InvalidParameterValue'],
      [{ DryRun: true }, 'DryRunOperation'],
      [{ DryRun: true, ids: ['box-77'] }, 'InvalidBoxID.NotFound'],
    ] as const)
      expect(await codeOf(input as Parameters<typeof ask>[0]), JSON.stringify(input).slice(0, 100)).toBe(code);
  });

  it('lets others have their turn while it filters by patterns made to be slow', async () => {
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    const Values = Array.from({ length: 10 }, () => `${'*a'.repeat(60)}${'a'.repeat(100)}b`);
    const thing: Box = { id: 'x', size: 'a'.repeat(256), Tags: [] };
    const page = { items: Array.from({ length: 1000 }, () => ({ thing, token: '' })), nextToken: undefined };
    const { things } = await describe(
      { Filters: [{ Name: 'size', Values }] },
      {
        ids: undefined,
        idFilter: 'box-id',
        filters: FILTERS,
        notFound: () => new AwsError('x', ''),
        list: async () => page,
      },
    );
    clearInterval(timer);
    expect(things).toEqual([]);
    expect(turns).toBeGreaterThan(5);
  });
});
