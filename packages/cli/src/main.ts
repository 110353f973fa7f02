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
    async takeTerminal() {
      const { stdin } = process;
      stdin.setRawMode(true);
      // Node leaves one thing: a line feed goes out as two characters, which moves the cursor of a program that draws its screen.
      const { spawnSync } = await import('node:child_process');
      spawnSync('stty', ['-opost'], { stdio: ['inherit', 'ignore', 'ignore'] });
      return () => void stdin.setRawMode(false);
    },
    onSignal(signal, listener) {
      process.on(signal, listener);
      return () => process.off(signal, listener);
    },
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
