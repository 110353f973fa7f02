/**
 * What in a new api/operations.json would break a client of an old one: the API changes by addition only.
 *
 * @typedef {{ type?: string, required?: readonly string[], properties?: Record<string, Schema>, enum?: readonly unknown[], items?: Schema }} Schema
 * @typedef {{ name: string, method: string, path: string, status: number, scope: string, input: Schema, output: Schema }} Operation
 */

/**
 * @param {readonly Operation[]} before
 * @param {readonly Operation[]} after
 * @returns {string[]} one line each, for people
 */
export function findBreakingChanges(before, after) {
  const now = new Map(after.map((operation) => [operation.name, operation]));
  return before.flatMap((old) => {
    const current = now.get(old.name);
    if (!current) return [`${old.name} is gone`];
    const route = (/** @type {Operation} */ one) => `${one.method} ${one.path}`;
    return [
      ...(route(old) === route(current) ? [] : [`${old.name}: was ${route(old)}, is ${route(current)}`]),
      ...(old.status === current.status ? [] : [`${old.name}: answered ${old.status}, answers ${current.status}`]),
      ...compare(`${old.name} input`, old.input, current.input, 'input'),
      ...compare(`${old.name} output`, old.output, current.output, 'output'),
    ];
  });
}

/**
 * @param {string} where
 * @param {Schema} before
 * @param {Schema | undefined} after
 * @param {'input' | 'output'} direction
 * @returns {string[]}
 */
function compare(where, before, after, direction) {
  if (!after) return [`${where} is gone`];
  if (before.type !== after.type) return [`${where}: was ${before.type}, is ${after.type}`];
  const found = [];
  const wasRequired = new Set(before.required ?? []);
  const isRequired = new Set(after.required ?? []);
  if (direction === 'input') {
    for (const name of isRequired) if (!wasRequired.has(name)) found.push(`${where}: ${name} is required now`);
    for (const value of before.enum ?? []) {
      if (after.enum && !after.enum.includes(value)) found.push(`${where}: ${JSON.stringify(value)} is refused now`);
    }
  } else {
    for (const name of wasRequired) if (!isRequired.has(name)) found.push(`${where}: ${name} may be missing now`);
  }
  for (const [name, schema] of Object.entries(before.properties ?? {})) {
    found.push(...compare(`${where}.${name}`, schema, after.properties?.[name], direction));
  }
  if (before.items) found.push(...compare(`${where}[]`, before.items, after.items, direction));
  return found;
}
