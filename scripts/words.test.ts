import { describe, expect, test } from 'vitest';
import { findPhrases, isChecked } from './words.mjs';

describe('the check of words', () => {
  test.each([
    ['// It is made anew.', 'anew'],
    ['it tries in vain', 'in vain'],
    ['the change is made all the same.', 'all the same'],
    ['/** Whoever asks. */', 'Whoever'],
    ["'gone meanwhile'", 'meanwhile'],
    ['a PostgreSQL of yours', 'of yours'],
  ])('refuses %j, with its line and what to write instead', (line, phrase) => {
    expect(findPhrases('docs/a.md', `fine\n${line}\n`)).toEqual([
      expect.stringMatching(new RegExp(`^docs/a\\.md:2: "${phrase}"; write: \\w`)),
    ]);
  });

  test.each(['they have all the same size', 'a new one', 'whatever it holds', 'const renewed = true', 'of your own'])(
    'lets %j pass',
    (line) => {
      expect(findPhrases('docs/a.md', line)).toEqual([]);
    },
  );

  test('reads what people write here, and not what others wrote, what is generated or what has landed', () => {
    const read = ['README.md', 'docs/aws.md', 'scripts/start.mjs', 'packages/server/src/main.ts'];
    const left = [
      'CONTRIBUTING.md',
      'migrations/001_identity.sql',
      'docs/reference/cli.md',
      'packages/sdk/src/generated/auth.ts',
      'packages/aws-protocol/models/s3.json',
      'package-lock.json',
    ];
    expect([...read, ...left].filter(isChecked)).toEqual(read);
  });
});
