type Attributes = Readonly<Record<string, { readonly type: string; readonly value: string }>>;

/** Attributes of a message, from a JSON object of texts, numbers and lists that somebody typed; undefined: nothing. Throws a sentence. */
export function attributesIn(text: string): Attributes | undefined {
  if (text.trim() === '') return undefined;
  let members: unknown;
  try {
    members = JSON.parse(text);
  } catch (error) {
    throw new Error(`The attributes are not JSON: ${(error as Error).message}`, { cause: error });
  }
  if (typeof members !== 'object' || members === null || Array.isArray(members))
    throw new Error('The attributes must be a JSON object, such as {"colour": "red"}');
  return Object.fromEntries(
    Object.entries(members).map(([name, value]) => {
      if (typeof value === 'number') return [name, { type: 'Number', value: String(value) }];
      if (typeof value === 'string') return [name, { type: 'String', value }];
      return [name, { type: 'String.Array', value: JSON.stringify(value) }];
    }),
  );
}
