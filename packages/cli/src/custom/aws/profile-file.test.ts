import { expect, it } from 'vitest';
import { readSection, withSection } from './profile-file.ts';

it.each([
  ['an empty file', '', '[a]\nx = 1\n'],
  ['blank lines alone', '\n\n', '[a]\nx = 1\n'],
  ['another section without an end of line', '[b]\ny = 2', '[b]\ny = 2\n\n[a]\nx = 1\n'],
  ['the section at the end', '[b]\ny = 2\n\n[a]\nold = 3\n', '[b]\ny = 2\n\n[a]\nx = 1\n'],
  ['the section before another', '[a]\nold = 3\ns3 =\n  deep = 4\n[b]\ny = 2\n', '[a]\nx = 1\n\n[b]\ny = 2\n'],
  ['the section twice, and spaced', '[ a ]\nold = 3\n\n[b]\n[a]\nold = 4\n', '[a]\nx = 1\n\n[b]\n'],
  ['comments outside', '# top\n[a]\nold = 3\n# inside\n', '# top\n[a]\nx = 1\n'],
])('a section is replaced alone: %s', (_, text, written) => {
  expect(withSection(text, 'a', { x: '1' })).toBe(written);
  expect(readSection(written, 'a')).toEqual({ x: '1' });
});

it('what a section says is read without what stands below a setting, or in other sections', () => {
  const text = '[profile  a]\nregion=eu-1\ns3 =\n  addressing_style = path\n# x = 1\n[profile b]\nregion = eu-2\n';
  expect(readSection(text, 'profile a')).toEqual({ region: 'eu-1', s3: '' });
  expect(readSection(text, 'profile c')).toBeUndefined();
});
