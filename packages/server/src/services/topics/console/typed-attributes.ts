type Attributes = Readonly<Record<string, { readonly type: string; readonly value: string }>>;

/** A JSON object that somebody typed; undefined: nothing. Throws a sentence. */
export function objectIn(text: string, what: string): Readonly<Record<string, unknown>> | undefined {
  if (text.trim() === '') return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Error(`${what} is not JSON: ${(error as Error).message}`, { cause: error });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error(`${what} must be a JSON object, such as {"colour": ["red"]}`);
  return value as Readonly<Record<string, unknown>>;
}

/** Attributes of a message, from texts, numbers and lists. */
export function attributesIn(text: string): Attributes | undefined {
  const members = objectIn(text, 'Attributes');
  return (
    members &&
    Object.fromEntries(
      Object.entries(members).map(([name, value]) => {
        if (typeof value === 'number') return [name, { type: 'Number', value: String(value) }];
        if (typeof value === 'string') return [name, { type: 'String', value }];
        return [name, { type: 'String.Array', value: JSON.stringify(value) }];
      }),
    )
  );
}
