import { expect, it } from 'vitest';
import { attributesIn, objectIn } from './json-object.ts';

it('reads attributes from texts, numbers and lists', () => {
  expect(attributesIn(' ')).toBeUndefined();
  expect(attributesIn('{"colour": "red", "size": 3, "tags": ["a", 1]}')).toEqual({
    colour: { type: 'String', value: 'red' },
    size: { type: 'Number', value: '3' },
    tags: { type: 'String.Array', value: '["a",1]' },
  });
});

it('says what is wrong with what was typed', () => {
  expect(() => objectIn('{', 'The filter policy')).toThrow('The filter policy is not JSON');
  for (const text of ['[]', '3', 'null']) expect(() => objectIn(text, 'It')).toThrow('It must be a JSON object');
});
