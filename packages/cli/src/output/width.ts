import stringWidth from 'string-width';

/** Width of a text in terminal columns. */
export const widthOf = (text: string): number => stringWidth(text);
