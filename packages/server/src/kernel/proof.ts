import type { Caller } from './caller.ts';

/** Beside the callers and not in them: what logs, audits or shows a caller cannot show the key. */
const keys = new WeakMap<Caller, string>();

/** Notes the API key that a caller sent. What must not rest on the word of this process hands it to the database, which looks it up again. */
export function proveBy<C extends Caller>(caller: C, key: string): C {
  keys.set(caller, key);
  return caller;
}

/** The API key that the caller sent. Undefined: none came, as at the AWS door. */
export const proofOf = (caller: Caller): string | undefined => keys.get(caller);
