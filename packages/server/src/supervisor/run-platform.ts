import type { Settings } from '../config.ts';
import { readyMessage } from './ready-message.ts';
import { supervise } from './supervise.ts';

/** Longest orderly stop; then everything is hurried. */
const STOP_MS = 60_000;
/** npm and the terminal both pass Ctrl-C on: signals this close together are one. */
const SAME_SIGNAL_MS = 700;

/** A request to stop, and later perhaps to hurry. */
interface StopRequest {
  /** Resolves at the first request. */
  readonly asked: Promise<string>;
  /** Aborts at the second, or when the orderly stop takes too long. */
  readonly hurry: AbortSignal;
}

/** Role all in the foreground: brings the platform up, says so, and stops it when told. Resolves with the exit code. */
export async function runPlatform(
  settings: Settings,
  repository: string,
  searchPath: string,
  ensureConsole: () => Promise<string>,
): Promise<number> {
  const begun = performance.now();
  const request = listenForStop();
  // Waits on things that are not ours to hold (Incus with a PostgreSQL elsewhere) would let Node end in the middle of a stop.
  const alive = setInterval(() => undefined, 60_000);
  // A reader that is gone must not stop the platform.
  process.stdout.on('error', () => undefined);
  const say = (line: string): void => console.log(line);

  const starting = supervise({
    settings,
    repository,
    searchPath,
    say,
    ensureConsole,
    entry: 'packages/server/src/supervisor/process-entry.ts',
  });
  // Told to stop while it starts, it first comes up: half a start has no order to stop in. Told twice, it ends at once;
  // its processes see that, and the next start takes care of the rest.
  const impatient = new Promise<undefined>((resolve) =>
    request.hurry.addEventListener('abort', () => resolve(undefined), { once: true }),
  );
  const platform = await Promise.race([starting, impatient]);
  if (platform === undefined) return 130;
  say(readyMessage(platform, settings, (performance.now() - begun) / 1000));
  say(`\n${await request.asked}: stopping`);
  const stopBegun = performance.now();
  await platform.stop(request.hurry);
  clearInterval(alive);
  say(`stopped after ${((performance.now() - stopBegun) / 1000).toFixed(1)} s`);
  return 0;
}

function listenForStop(): StopRequest {
  const hurry = new AbortController();
  let firstAt: number | undefined;
  const asked = new Promise<string>((resolve) => {
    const ask = (why: string): void => {
      if (firstAt === undefined) {
        firstAt = performance.now();
        setTimeout(() => hurry.abort(), STOP_MS).unref();
        resolve(why);
      } else if (performance.now() - firstAt > SAME_SIGNAL_MS) {
        hurry.abort();
      }
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => ask(signal));
    // The launcher that waits for us is gone.
    process.once('disconnect', () => ask('the launcher ended'));
  });
  return { asked, hurry: hurry.signal };
}
