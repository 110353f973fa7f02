import { expect, it } from 'vitest';
import { attributesIn } from './typed-attributes.ts';

it('reads attributes from texts, numbers and lists', () => {
  expect(attributesIn(' ')).toBeUndefined();
  expect(attributesIn('{"colour": "red", "size": 3, "tags": ["a", 1]}')).toEqual({
    colour: { type: 'String', value: 'red' },
    size: { type: 'Number', value: '3' },
    tags: { type: 'String.Array', value: '["a",1]' },
  });
});

it('says what is wrong with what was typed', () => {
  expect(() => attributesIn('{')).toThrow('The attributes are not JSON');
  for (const text of ['[]', '3', 'null'])
    expect(() => attributesIn(text)).toThrow('The attributes must be a JSON object');
});
