import { describe, expect, it } from 'vitest';
import { highlight, piecesOf, plainOf } from './ansi.ts';

const E = '\u001b';

describe('a line of a log', () => {
  it('has colours as classes, and never markup', () => {
    expect(piecesOf(`${E}[31;1merror${E}[0m <script>alert(1)</script>`)).toEqual([
      { text: 'error', className: 'text-bad font-semibold' },
      { text: ' <script>alert(1)</script>', className: '' },
    ]);
  });

  it('takes the numbers of 256 and of true colours for no codes', () => {
    expect(piecesOf(`${E}[38;5;31mblue ${E}[38;2;31;4;1mfine${E}[32m green`)).toEqual([
      { text: 'blue ', className: '' },
      { text: 'fine', className: '' },
      { text: ' green', className: 'text-good' },
    ]);
  });

  it.each([
    [`${E}[2J${E}[1;1Hclean`, 'clean'],
    [`${E}]0;title\u0007text`, 'text'],
    [`${E}]8;;http://elsewhere/${E}\\link${E}]8;;${E}\\`, 'link'],
    [`${E}(Bplain${E}`, 'plain'],
    ['a\tb\u0007c\u0000', 'a\tbc'],
    [`${E}[31`, '31'],
  ])('loses what only a terminal can do: %j', (line, plain) => expect(plainOf(line)).toBe(plain));

  it('shows what is looked for, also over a change of colour', () => {
    const pieces = piecesOf(`GET ${E}[32m/boo${E}[0mks /Books`);
    expect(highlight(pieces, '/books')).toEqual([
      { text: 'GET ', className: '' },
      { text: '/boo', className: 'text-good', found: true },
      { text: 'ks', className: '', found: true },
      { text: ' ', className: '' },
      { text: '/Books', className: '', found: true },
    ]);
    expect(highlight(pieces, 'none')).toBe(pieces);
    expect(highlight([{ text: 'a.c abc', className: '' }], 'a.c')[0]).toEqual({
      text: 'a.c',
      className: '',
      found: true,
    });
    expect(highlight(piecesOf('İİ books'), 'books').at(-1)).toEqual({ text: 'books', className: '', found: true });
  });

  it('marks a line of one letter only so often that a page can show it', () => {
    const marked = highlight([{ text: 'a'.repeat(8_000), className: '' }], 'a');
    expect(marked.filter(({ found }) => found).length).toBe(200);
    expect(marked.map(({ text }) => text).join('')).toBe('a'.repeat(8_000));
  });
});
