import { runVerb } from '../run-verb.ts';
import type { CustomVerb } from '../verb-command.ts';

/** `cloud search web`, short for `cloud search find web`. */
export const findVerb: CustomVerb = {
  isDefault: true,
  shows: true,
  run: (invocation) => runVerb(invocation),
};
