import type { ConsoleOperation } from '../contract.ts';

/** A value that the reader of a snippet fills in: what is missing yet, and what is secret. Reads `<name>` in every language. */
export class Hole {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
  toString(): string {
    return `<${this.name}>`;
  }
  toJSON(): string {
    return this.toString();
  }
}

export type Input = Readonly<Record<string, unknown>>;

/** What a snippet reads of an operation. */
export type SnippetOperation = Omit<ConsoleOperation, 'errors'>;

/** Where a call goes. */
export interface Where {
  /** `https://cloud.example.com` */
  readonly endpoint: string;
  /** The tenant in which it acts. Undefined: it is clear, because the user has only one. */
  readonly tenantId?: string | undefined;
}

/** The tenant that a snippet must name. */
export const tenantOf = ({ scope }: SnippetOperation, { tenantId }: Where): string | undefined =>
  scope === 'public' || scope === 'operator' ? undefined : tenantId;

/** The name of a variable stays, as in `TOKEN=…`: it is no secret, and people look for it. */
const ASSIGNMENT = /^([A-Za-z_][A-Za-z0-9_]*)=/;

/**
 * The input as a snippet shows it: without members that are left out, with a hole for each that must be there and is not, and for each secret.
 */
export function shownInput({ input: schema, secrets = [], path }: SnippetOperation, input: Input): Input {
  const shown: Record<string, unknown> = {};
  for (const [name, { type, minLength = 0 }] of Object.entries(schema.properties ?? {})) {
    const value = input[name];
    const isRequired = schema.required?.includes(name) ?? false;
    const isMissing = value === undefined || (isRequired && value === '' && minLength > 0);
    // The tenant in whose pages somebody is; a key acts in its own.
    if (isMissing && name === 'tenant' && path.startsWith('/tenants/:tenant/')) shown[name] = 'current';
    else if (isMissing && isRequired) shown[name] = type === 'array' ? [new Hole(name)] : new Hole(name);
    else if (!isMissing) shown[name] = secrets.includes(name) ? concealed(name, value) : value;
  }
  return shown;
}

function concealed(name: string, value: unknown): unknown {
  if (!Array.isArray(value)) return new Hole(name);
  const known = value.map((one) => ASSIGNMENT.exec(String(one))?.[1]);
  return known.every((variable) => variable !== undefined)
    ? known.map((variable) => `${variable}=<value>`)
    : [new Hole(name)];
}
