import { expect, it } from 'vitest';
import { pastedText } from './pasted.ts';

it('keeps lines, tabs and letters of a pasted text', () => {
  expect(pastedText('if a\r\n\tthen é 🌊')).toBe('if a\r\n\tthen é 🌊');
});

it('leaves out what would end the paste or act at once', () => {
  expect(pastedText('ls\u001b[201~\u0003\u0004\u007f\u009b201~;id')).toBe('ls[201~201~;id');
});
