import { describe, expect, it } from 'vitest';
import { LineBuffer } from './line-buffer.ts';

const textsOf = (buffer: LineBuffer) => buffer.lines().map(({ text }) => text);

describe('the lines of a log', () => {
  it('come together from pieces', () => {
    const buffer = new LineBuffer(10);
    for (const piece of ['one\ntw', 'o\r\n', '\nthree']) buffer.push(piece);
    expect(textsOf(buffer)).toEqual(['one', 'two', '', 'three']);
    buffer.push(' more\n');
    expect(textsOf(buffer).at(-1)).toBe('three more');
  });

  it('show of a progress bar what it wrote last', () => {
    const buffer = new LineBuffer(10);
    buffer.push('10%\r50%\r100%\ndone\n');
    expect(textsOf(buffer)).toEqual(['100%', 'done']);
  });

  it('are the last ones, under numbers that stay', () => {
    const buffer = new LineBuffer(3);
    buffer.push('0\n1\n2\n3\n4\n');
    expect(buffer.lines()).toEqual([
      { id: 2, text: '2' },
      { id: 3, text: '3' },
      { id: 4, text: '4' },
    ]);
    expect(buffer.total).toBe(5);
  });

  it('are never so long that one fills the memory', () => {
    const buffer = new LineBuffer(5);
    buffer.push('x'.repeat(20_000));
    expect(buffer.lines().map(({ text }) => text.length)).toEqual([8_000, 8_000, 4_000]);
    buffer.push(`${'y'.repeat(100_000)}\n`);
    expect(buffer.lines().length).toBe(5);
  });

  it('drops lines from above where they are so long that they would fill the memory', () => {
    const buffer = new LineBuffer(10_000);
    for (let line = 0; line < 3_000; line++) buffer.push(`${String(line).padEnd(8_000, '.')}\n`);
    const kept = buffer.lines();
    expect(kept.length).toBe(Math.floor((16 * 1024 * 1024) / 8_000));
    expect(kept.at(-1)!.text.startsWith('2999.')).toBe(true);
    expect(kept[0]!.id).toBe(3_000 - kept.length);
  });
});
