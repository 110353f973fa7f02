import { Option } from 'commander';
import { usage } from '../failure.ts';
import { follow } from '../output/follow.ts';
import { connect, runVerb } from '../run-verb.ts';
import type { CustomVerb } from '../verb-command.ts';

/** `cloud events list`: with --follow it prints each event when it comes, over reconnections, until it is interrupted. */
export const listEventsVerb: CustomVerb = {
  shows: true,
  options: [new Option('-f, --follow', 'print each new event as a line, until interrupted')],
  async run(invocation) {
    if (invocation.own.follow !== true) return runVerb(invocation);
    const stream = invocation.verbs.find((verb) => verb.name === 'events.stream')!;
    const known = new Set(stream.flags.map((member) => member.name));
    const other = Object.keys(invocation.input).find((name) => !known.has(name));
    if (other !== undefined || invocation.options.all)
      throw usage(`--${(other ?? 'all').replaceAll('_', '-')} cannot be used with --follow`);
    return follow({ ...invocation, verb: stream }, connect(invocation));
  },
};
