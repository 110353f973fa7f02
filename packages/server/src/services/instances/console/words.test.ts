import { describe, expect, it } from 'vitest';
import { durationOf, exitWords, freeName, memoryOf, sizeOf, splitWords } from './words.ts';

describe('the words of an instance page', () => {
  it.each([
    [0, '0 B'],
    [1_023, '1023 B'],
    [1_024, '1.0 KiB'],
    [1_610_612_736, '1.5 GiB'],
    [200 * 1_048_576, '200 MiB'],
  ])('say %d bytes as %s', (bytes, words) => expect(sizeOf(bytes)).toBe(words));

  it.each([
    [430, '0.4 s'],
    [12_000, '12 s'],
    [125_000, '2 min 5 s'],
    [7_380_000, '2 h 3 min'],
    [360_000_000, '4 days 4 h'],
  ])('say %d ms as %s', (ms, words) => expect(durationOf(ms)).toBe(words));

  it('say the size of a type as its maker does', () => {
    expect([512, 1_024, 1_536].map(memoryOf)).toEqual(['512 MB', '1 GB', '1.5 GB']);
  });

  it('say how the first process ended', () => {
    const at = '2026-11-30T00:00:00Z';
    expect(exitWords({ oom_killed: true, at, code: 137, signal: 'SIGKILL' })).toContain('out of memory');
    expect(exitWords({ oom_killed: false, at, code: 143, signal: 'SIGTERM' })).toBe('Ended by SIGTERM (exit code 143)');
    expect(exitWords({ oom_killed: false, at, code: 3 })).toBe('Exit code 3');
    expect(exitWords({ oom_killed: false, at })).toContain('unknown');
  });

  it.each([
    ['', []],
    ['  ls   -l ', ['ls', '-l']],
    [`sh -c 'echo "a b"; exit'`, ['sh', '-c', 'echo "a b"; exit']],
    [String.raw`say "a \"b\" \n" c\ d`, ['say', String.raw`a "b" \n`, 'c d']],
    [`printf '' ""`, ['printf', '', '']],
    [`a'b'c`, ['abc']],
  ])('split %s like a shell', (line, words) => expect(splitWords(line)).toEqual(words));

  it('wait for the end of a quote', () => expect(splitWords("sh -c 'echo")).toBe(undefined));

  it('suggest a name that is free, whatever its case', () => {
    expect(freeName([])).toBe('web-1');
    expect(freeName(['web-1', 'WEB-2', 'web-4'])).toBe('web-3');
  });
});
