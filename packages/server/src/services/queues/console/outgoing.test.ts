import { expect, test } from 'vitest';
import { attributesOf, batchesOf, linesOf, sizeOf, unsentOf } from './outgoing.ts';

test('the size of a message is that of its text and its attributes, the binary ones decoded', () => {
  expect(sizeOf('é')).toBe(2);
  const attributes = attributesOf([
    { name: 'a', type: 'String', value: 'xyz' },
    { name: 'b', type: 'Binary', value: 'AAECAw==' },
  ]);
  expect(sizeOf('x', attributes)).toBe(1 + (1 + 6 + 3) + (1 + 6 + 4));
  expect(attributesOf([])).toBe(undefined);
});

test('lines are sent ten in a call, and fewer where they are long', () => {
  expect(linesOf('a\r\n\nb\n')).toEqual(['a', 'b']);
  const sizes = (lines: readonly string[]) => batchesOf(lines).map(({ length }) => length);
  expect(sizes(Array.from({ length: 21 }, () => 'x'))).toEqual([10, 10, 1]);
  expect(sizes(Array.from({ length: 3 }, () => 'x'.repeat(500_000)))).toEqual([1, 1, 1]);
  expect(sizes([])).toEqual([]);
});

test('what is left to send are the lines that were refused and those of later calls', () => {
  const lines = Array.from({ length: 12 }, (_, nth) => `line ${nth + 1}`);
  const [first, second] = batchesOf(lines);
  expect(unsentOf(lines, 10, first!, [])).toEqual(['line 11', 'line 12']);
  expect(unsentOf(lines, 10, first!, [{ id: '3' }])).toEqual(['line 3', 'line 11', 'line 12']);
  expect(unsentOf(lines, 12, second!, [{ id: '2' }])).toEqual(['line 12']);
});
