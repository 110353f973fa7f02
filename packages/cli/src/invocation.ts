import type { Input } from '@thecloud/sdk';
import type { GlobalOptions } from './session/session.ts';
import type { Verb } from './table/verb.ts';
import type { World } from './world.ts';

/** Options beside the members of the operation's input. */
export interface VerbOptions extends GlobalOptions {
  /** Seconds. */
  readonly wait?: number;
  readonly all?: boolean;
  readonly yes?: boolean;
}

/** A verb with its input and options. */
export interface Invocation {
  readonly world: World;
  readonly verb: Verb;
  /** All verbs, because some call others. */
  readonly verbs: readonly Verb[];
  readonly input: Input;
  readonly options: VerbOptions;
}
