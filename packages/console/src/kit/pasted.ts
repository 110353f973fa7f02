// All control characters but tab, line feed and carriage return.
// oxlint-disable-next-line no-control-regex -- they are what is looked for.
const CONTROLS = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g;

/**
 * What of a pasted text goes into a terminal: text, and nothing that acts. An escape sequence that ends the paste, or Ctrl-C, would let a page
 * from which somebody copies run commands at once.
 */
export const pastedText = (text: string): string => text.replaceAll(CONTROLS, '');
