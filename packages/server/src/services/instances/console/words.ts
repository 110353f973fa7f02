import type { Instance } from '@thecloud/console';
const SIZES = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** A number of bytes with its unit: `1.5 GiB`. */
export function sizeOf(bytes: number): string {
  const step = Math.min(SIZES.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, bytes)) / 10)));
  const value = bytes / 1024 ** step;
  return `${value.toFixed(step === 0 || value >= 100 ? 0 : 1)} ${SIZES[step]}`;
}

/** The memory or disk of an instance type: `512 MB`, `2 GB`. */
export const memoryOf = (mb: number): string => (mb < 1024 ? `${mb} MB` : `${Number((mb / 1024).toFixed(1))} GB`);

/** How long something took: `0.4 s`, `2 min 5 s`. */
export function durationOf(ms: number): string {
  if (ms < 10_000) return `${(Math.max(0, ms) / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  const hours = Math.floor(seconds / 3_600);
  return hours < 48
    ? `${hours} h ${Math.floor((seconds % 3_600) / 60)} min`
    : `${Math.floor(hours / 24)} days ${hours % 24} h`;
}

/** `1 vCPU`, `2 vCPUs` */
export const countOf = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

type Exit = NonNullable<Instance['last_exit']>;

/** How the first process ended, in words. */
export function exitWords({ code, signal, oom_killed }: Exit): string {
  if (oom_killed) return 'Killed because the instance ran out of memory';
  if (code === undefined) return 'Ended for an unknown reason, such as a power cut';
  if (signal) return `Ended by ${signal} (exit code ${code})`;
  if (code === 127) return 'Exit code 127: command not found';
  if (code === 126) return 'Exit code 126: the command cannot be executed';
  return code === 0 ? 'Exit code 0: it finished without an error' : `Exit code ${code}`;
}

/**
 * The words of a command line, as a shell would split them: spaces separate, quotes and a backslash keep them. Nothing else of a shell is
 * done. Undefined while a quote is open.
 */
export function splitWords(line: string): readonly string[] | undefined {
  const words: string[] = [];
  let word: string | undefined;
  let quote = '';
  for (let at = 0; at < line.length; at++) {
    const one = line[at]!;
    if (quote !== '') {
      if (one === quote) quote = '';
      else if (one === '\\' && quote === '"' && '"\\'.includes(line[at + 1] ?? ' ')) word = `${word}${line[++at]}`;
      else word = `${word}${one}`;
    } else if (one === '"' || one === "'") [quote, word] = [one, word ?? ''];
    else if (one === '\\' && at + 1 < line.length) word = `${word ?? ''}${line[++at]}`;
    else if (/\s/.test(one)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = `${word ?? ''}${one}`;
  }
  if (quote !== '') return undefined;
  return word === undefined ? words : [...words, word];
}

/** The first of `web-1`, `web-2` … that no instance has. */
export function freeName(taken: readonly string[], base = 'web'): string {
  const names = new Set(taken.map((name) => name.toLowerCase()));
  let number = 1;
  while (names.has(`${base}-${number}`)) number++;
  return `${base}-${number}`;
}
