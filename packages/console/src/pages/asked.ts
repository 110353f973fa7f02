import { operationOf } from '../api/registry.ts';

/** Members of an operation's input that a form asks for: all but those of the path. */
export const askedMembers = (operation: string, properties: Readonly<Record<string, unknown>>): readonly string[] =>
  Object.keys(properties).filter((name) => !operationOf(operation).pathParams.includes(name));
