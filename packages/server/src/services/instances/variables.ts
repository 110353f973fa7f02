// A variable whose value begins with @ names a secret; @@ stands for one @. The row has what was written, and never the value of a secret.

type Variables = Readonly<Record<string, string>>;

/** The name of the secret in a variable's value; undefined: it is the value itself. */
const secretIn = (value: string): string | undefined =>
  value.startsWith('@') && !value.startsWith('@@') ? value.slice(1) : undefined;

const plain = (value: string): string => (value.startsWith('@@') ? value.slice(1) : value);

/** Names of the secrets that variables refer to, each once. */
export const secretsIn = (env: Variables): readonly string[] => [
  ...new Set(
    Object.values(env)
      .map(secretIn)
      .filter((name) => name !== undefined),
  ),
];

/** Variables as a machine gets them. A secret that is not among the values is empty: the machine is made before they are read. */
export const resolved = (env: Variables, values: ReadonlyMap<string, string> = new Map()): Record<string, string> =>
  Object.fromEntries(
    Object.entries(env).map(([name, value]) => {
      const secret = secretIn(value);
      return [name, secret === undefined ? plain(value) : (values.get(secret) ?? '')];
    }),
  );
