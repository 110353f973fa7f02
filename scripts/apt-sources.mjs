/** Reads the machine's own apt sources, both forms, and derives one for another suite of the same archive: no host name is written here. */

/** @typedef {{ uri: string, suites: string[], components: string[], options: string }} AptSource */

/**
 * One-line form: `deb [signed-by=/x] http://host/debian bookworm main`.
 * @param {string} text
 * @returns {AptSource[]}
 */
export function parseSourcesList(text) {
  return text.split('\n').flatMap((line) => {
    const match = /^\s*deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s+(.+?)\s*(?:#.*)?$/.exec(line);
    if (!match?.[2] || !match[3] || !match[4]) return [];
    const signedBy = /signed-by=(\S+)/.exec(match[1] ?? '')?.[1];
    return [
      {
        uri: match[2],
        suites: [match[3]],
        components: match[4].split(/\s+/),
        options: signedBy ? `Signed-By: ${signedBy}\n` : '',
      },
    ];
  });
}

/**
 * deb822 form: paragraphs of `Field: value`, continued on indented lines.
 * @param {string} text
 * @returns {AptSource[]}
 */
export function parseDeb822(text) {
  return text.split(/\n\s*\n/).flatMap((paragraph) => {
    const body = paragraph
      .split('\n')
      .filter((line) => !line.startsWith('#'))
      .join('\n');
    const field = (/** @type {string} */ name) =>
      new RegExp(`^${name}:[ \\t]*((?:.*)(?:\\n[ \\t]+.*)*)`, 'im').exec(body)?.[1]?.trim();
    if (/^no$/i.test(field('Enabled') ?? 'yes') || !/\bdeb\b/.test(field('Types') ?? '')) return [];
    const words = (/** @type {string} */ name) => (field(name) ?? '').split(/\s+/).filter(Boolean);
    const signedBy = field('Signed-By');
    return words('URIs').map((uri) => ({
      uri,
      suites: words('Suites'),
      components: words('Components'),
      options: signedBy ? `Signed-By: ${signedBy}\n` : '',
    }));
  });
}

/**
 * A deb822 source for `<codename>-backports` from the archive that serves `<codename>` itself. Undefined where no source does.
 * @param {readonly AptSource[]} sources
 * @param {string} codename
 * @returns {string | undefined}
 */
export function deriveBackports(sources, codename) {
  const base = sources.find((source) => source.suites.includes(codename) && source.components.includes('main'));
  if (!base) return undefined;
  return `# Written by The Cloud's set-up: the same archive as ${codename}, for Incus. Remove it when you no longer want that.
Types: deb
URIs: ${base.uri}
Suites: ${codename}-backports
Components: main
${base.options}`;
}
