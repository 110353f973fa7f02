import { fstatSync } from 'node:fs';
import { homedir } from 'node:os';
import { run } from './run.ts';
import { VERBS } from './table/verbs.ts';

/** A terminal and /dev/null are character devices: nothing is piped in. A closed standard input is none either. */
function stdinPiped(): boolean {
  try {
    const kind = fstatSync(0);
    return kind.isFIFO() || kind.isFile() || kind.isSocket();
  } catch {
    return false;
  }
}

// `cloud … | head` is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

const { env, stdout, stderr } = process;
// No await here: the bundle is CommonJS, which starts 20 ms sooner than a module.
run(
  {
    argv: process.argv.slice(2),
    env,
    homeDir: homedir(),
    // Made on first use: it costs milliseconds.
    get stdin() {
      return process.stdin;
    },
    stdout,
    stderr,
    stdinPiped,
  },
  VERBS,
).then(
  (exitCode) => {
    process.exitCode = exitCode;
  },
  (error: unknown) => {
    stderr.write(`cloud: ${error instanceof Error ? error.stack : String(error)}\n`);
    process.exitCode = 1;
  },
);
