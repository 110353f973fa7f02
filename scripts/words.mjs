/** `npm run check -- words`: refuses the phrases of rule 8 in CONTRIBUTING.md, which readers have to read twice. */

/** Each phrase with what to write instead. */
const PHRASES = /** @type {const} */ ([
  [/\banew\b/i, 'again, or a verb with re-: recreate, restart'],
  [/\bin vain\b/i, 'without effect, or say what failed'],
  // Not "all the same size".
  [/\ball the same(?! \w)/i, 'still'],
  [/\bwhoever\b/i, 'who acts: the next worker, a caller'],
  [/\bmeanwhile\b/i, 'when: during the wait, in between, since'],
  [/\bof (yours|theirs|hers)\b/i, 'your, their'],
]);

/** The rule itself, released notes, landed migrations, and texts of others. Generated files follow their sources. */
const EXEMPT = [
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'migrations/',
  'docs/reference/',
  'packages/aws-protocol/models/',
  'scripts/words.mjs',
  'scripts/words.test.ts',
];

/** Whether the check reads a file of the repository: text that people write. */
export const isChecked = (/** @type {string} */ path) =>
  /\.(ts|mts|mjs|md|sql|sh)$/.test(path) &&
  !path.includes('/generated/') &&
  !EXEMPT.some((one) => path === one || (one.endsWith('/') && path.startsWith(one)));

/**
 * The lines of a text with a phrase of the list: `docs/aws.md:12: "anew"; write: again …`.
 * @param {string} path
 * @param {string} text
 * @returns {string[]}
 */
export function findPhrases(path, text) {
  return text.split('\n').flatMap((line, nth) =>
    PHRASES.flatMap(([pattern, instead]) => {
      const found = pattern.exec(line);
      return found ? [`${path}:${nth + 1}: "${found[0]}"; write: ${instead}`] : [];
    }),
  );
}
