/** The page of threats names the tests that hold each: whether they exist. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const PAGE = join('docs', 'security.md');

/** `it('…'`, `test.each(…)('…'`, `describe.skipIf(…)('…'`, `when(…)('…'`: what a test is called. */
const TITLE =
  /\b(?:it|test|describe|with[A-Z]\w*|when\([^\n]*?\))(?:\.\w+(?:\((?:[^()]|\([^()]*\))*\))?)*\(\s*(['"`])((?:\\.|(?!\1)[^\\])*)\1/gs;

/** @param {string} source @returns {Set<string>} */
const titlesOf = (source) =>
  new Set([...source.matchAll(TITLE)].map(([, , title]) => /** @type {string} */ (title).replaceAll(/\\(.)/gs, '$1')));

/**
 * A sentence for each test that the page names and that does not exist, and for each threat without a test. A threat is a heading of the
 * third level; below it, a line "- `path`: title" names a test.
 * @param {string} page
 * @param {string} root
 */
export function findMissingTests(page, root) {
  const [, ...threats] = page.split(/^### /m);
  if (threats.length === 0) return ['the page has no threats'];
  return threats.flatMap((text) => {
    // The next section belongs to no threat.
    const threat = /** @type {string} */ (text.split(/^## /m)[0]);
    const heading = threat.split('\n')[0];
    const named = [...threat.matchAll(/^- `([^`]+)`: (.+)$/gm)];
    if (named.length === 0) return [`"${heading}" names no test`];
    return named.flatMap(([, path, title]) => {
      const file = join(root, /** @type {string} */ (path));
      if (!existsSync(file)) return [`"${heading}" names ${path}, which does not exist`];
      return titlesOf(readFileSync(file, 'utf8')).has(/** @type {string} */ (title))
        ? []
        : [`"${heading}" names a test that ${path} does not have: ${title}`];
    });
  });
}
