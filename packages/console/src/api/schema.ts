import type { ConsoleOperation, ConsoleSchema } from '../contract.ts';

export type Schema = ConsoleSchema;

export interface Schemas {
  readonly input: Schema;
  readonly output: Schema;
  readonly cli?: ConsoleOperation['cli'];
}

let loaded: Promise<Readonly<Record<string, Schemas>>> | undefined;

/** The schemas of all operations, loaded once, when the first page needs them. */
export function loadSchemas(): Promise<Readonly<Record<string, Schemas>>> {
  loaded ??= import('virtual:schemas')
    .then((module) => module.default as Readonly<Record<string, Schemas>>)
    // What could not be loaded may be there at the next try.
    .catch((error: unknown) => {
      loaded = undefined;
      throw error;
    });
  return loaded;
}
