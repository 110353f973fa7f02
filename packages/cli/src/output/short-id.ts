const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Digits of a short id: 46 random bits, so that two of 100,000 ids share one with a chance of 1 in 10,000. */
const SHORT = 12;
/** Where the digits begin that ids of the same minute do not share. EC2's form of an id has the same 17 digits. */
const START = 15;

/**
 * What tells an id apart, for tables: ids made in the same minute begin alike. Every verb takes it in place of the id. Anything that is no
 * UUID stays as it is.
 */
export const shortId = (id: unknown): unknown =>
  typeof id === 'string' && UUID.test(id) ? id.replaceAll('-', '').slice(START, START + SHORT) : id;

/** Whether a text could be a part of an id. */
export const isPart = (text: string): boolean => /^[0-9a-f][0-9a-f-]{7,34}$/i.test(text);

/** Whether a text is a prefix of an id, or of its last 17 digits. */
export function isPartOf(text: string, id: string): boolean {
  const [part, all] = [text, id].map((one) => one.toLowerCase().replaceAll('-', '')) as [string, string];
  return all.startsWith(part) || all.slice(START).startsWith(part);
}
