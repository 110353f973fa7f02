import { Document, visit } from 'yaml';

/** What a terminal obeys, and what some reader takes for a break, for nothing, or for an error. The library escapes what is below U+0020. */
const UNSEEN = /[\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]/g;
/** Text that readers of YAML 1.1 refuse without quotes, which the library does not know. */
const REFUSED = /^=$|\t/;

/** A value as YAML 1.2 whose texts readers of 1.1 take the same way. The value is what JSON.parse could have given. */
export function toYaml(value: unknown): string {
  const document = new Document(value, { compat: 'yaml-1.1' });
  visit(document, {
    Scalar(_, node) {
      const text = node.value;
      if (typeof text === 'string' && (REFUSED.test(text) || text.search(UNSEEN) >= 0)) node.type = 'QUOTE_DOUBLE';
    },
  });
  // Every quoted text on one line, because some readers refuse a block as the whole document.
  const oneLine = { lineWidth: 0, blockQuote: false, singleQuote: false, doubleQuotedMinMultiLineLength: Infinity };
  return document
    .toString(oneLine)
    .replaceAll(UNSEEN, (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
