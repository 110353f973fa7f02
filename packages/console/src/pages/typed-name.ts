/** A name as people read it: one blank for several, nothing that is not seen, such as marks of the writing direction. */
const readable = (text: string): string =>
  text
    .normalize()
    .replaceAll(/[[\p{Cf}\p{Cc}]--\s]/gv, '')
    .replaceAll(/\s+/g, ' ')
    .trim();

/** Whether somebody has typed a name, to confirm. Of a name that differs from what it looks like, what it looks like is enough. */
export const isTyped = (typed: string, name: string): boolean =>
  typed === name || (readable(typed) !== '' && readable(typed) === readable(name));
