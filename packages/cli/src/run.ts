import { CommanderError } from 'commander';
import { EXIT, explain, Failure } from './failure.ts';
import type { GlobalOptions } from './session/session.ts';
import { DEFAULT_ENDPOINT, openSession } from './session/session.ts';
import { moveHelp } from './custom/help.ts';
import { buildProgram } from './program.ts';
import type { Verb } from './table/verb.ts';
import type { World } from './world.ts';

/** Runs the command line and returns the exit code. Prints errors on standard error and never throws. */
export async function run(world: World, verbs: readonly Verb[]): Promise<number> {
  let exitCode: number = EXIT.ok;
  const program = buildProgram({
    world,
    verbs,
    act: async (action) => {
      exitCode = (await action()) ?? EXIT.ok;
    },
  });
  try {
    const services = verbs.map((verb) => verb.service);
    await program.parseAsync(moveHelp(moveWait(world.argv), services), { from: 'user' });
    return exitCode;
  } catch (error) {
    // Commander has printed it already; help and version end this way too.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    const told = explain(error, endpointOf(world, program.opts()));
    world.stderr.write(`cloud: ${told.text}\n`);
    return told.exitCode;
  }
}

/**
 * `--wait` may stand alone or have seconds, so the parser would read the next word as seconds. This moves `--wait` behind that word:
 * `launch --wait web` is `launch web --wait`; `--wait 60` and `--wait=60` stay.
 */
export function moveWait(argv: readonly string[]): readonly string[] {
  const end = argv.indexOf('--');
  const words = [...(end < 0 ? argv : argv.slice(0, end))];
  for (let at = 0; at + 1 < words.length; at++) {
    const next = words[at + 1]!;
    if (words[at] !== '--wait' || next.startsWith('-') || /^\d+$/.test(next)) continue;
    [words[at], words[at + 1]] = [next, '--wait'];
  }
  return end < 0 ? words : [...words, ...argv.slice(end)];
}

/** For a hint only; an unreadable config file is reported elsewhere. */
function endpointOf(world: World, options: GlobalOptions): string {
  try {
    return openSession(world, options).endpoint;
  } catch (error) {
    if (error instanceof Failure) return DEFAULT_ENDPOINT;
    throw error;
  }
}
