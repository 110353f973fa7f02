/**
 * Text of a header outside ASCII as S3 gives and takes it: in the encoded words of RFC 2047. Bytes outside ASCII reach
 * most clients as other letters, and some do not reach them at all.
 */
const WORD = /=\?(utf-8|iso-8859-1|us-ascii)\?([bq])\?([^?\s]*)\?=/gi;
/** A word has 75 characters at most: 12 around it, and four for three bytes. */
const WORD_BYTES = 45;

export function encodeWords(text: string): string {
  if (/^[\x00-\x7f]*$/.test(text)) return text;
  const words: string[] = [];
  let held = '';
  const flush = (): void => {
    words.push(`=?UTF-8?B?${Buffer.from(held, 'utf8').toString('base64')}?=`);
    held = '';
  };
  for (const letter of text) {
    if (Buffer.byteLength(held + letter) > WORD_BYTES) flush();
    held += letter;
  }
  flush();
  return words.join(' ');
}

/** What a header cannot hold, and no answer could give back. */
const CONTROL = /[\x00-\x08\x0a-\x1f\x7f]/;

/** Words that are not in a known charset stay as they are, and so do those that hide control characters. */
export function decodeWords(text: string): string {
  if (!text.includes('=?')) return text;
  // Space between two words only separates them.
  return text
    .replace(/(\?=)\s+(?==\?)/g, '$1')
    .replace(WORD, (word, charset: string, kind: string, encoded: string) => {
      const bytes =
        kind.toLowerCase() === 'b'
          ? Buffer.from(encoded, 'base64')
          : Buffer.from(
              encoded
                .replaceAll('_', ' ')
                .replace(/=([0-9a-f]{2})/gi, (_escape, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
              'latin1',
            );
      const plain = bytes.toString(charset.toLowerCase() === 'utf-8' ? 'utf8' : 'latin1');
      return CONTROL.test(plain) ? word : plain;
    });
}
