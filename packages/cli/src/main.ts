import { fstatSync } from 'node:fs';
import { homedir } from 'node:os';
import { EXIT, explain } from './failure.ts';
import { watchOutput } from './output/write-errors.ts';
import { run } from './run.ts';
import { VERBS } from './table/verbs.ts';

/** Whether standard input is a pipe or file. False for a terminal, /dev/null and a closed standard input. */
function stdinPiped(): boolean {
  try {
    const kind = fstatSync(0);
    return kind.isFIFO() || kind.isFile() || kind.isSocket();
  } catch {
    return false;
  }
}

const { env, stdout, stderr } = process;
const output = watchOutput(stdout, stderr, (exitCode) => process.exit(exitCode));
/** Prints any error in one line; Node would print a piece of the source first. */
const tellUnexpected = (error: unknown) => {
  stderr.write(`cloud: ${explain(error, '').text}\n`);
  return EXIT.failed;
};
// Only now is it known whether standard error took everything.
process.on('exit', (exitCode) => {
  process.exitCode = output.exitCodeAfter(exitCode);
});
process.on('uncaughtException', (error) => process.exit(tellUnexpected(error)));
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
    process.exitCode = tellUnexpected(error);
  },
);
