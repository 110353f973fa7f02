/** Shows the progress of a long step: a line with the elapsed seconds on a terminal, plain lines elsewhere. */

import { spawn } from 'node:child_process';

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

/**
 * Runs a program without a terminal. Shows its output only if it fails.
 * @param {string} label
 * @param {string} program
 * @param {readonly string[]} args
 * @param {{ env?: NodeJS.ProcessEnv, cwd?: string, timeoutMs?: number, mayFail?: boolean }} [options]
 * @returns {Promise<{ code: number, output: string }>}
 */
export async function runWithProgress(label, program, args, options = {}) {
  const stop = showProgress(label);
  const { code, output } = await run(program, args, options);
  stop(code === 0);
  if (code !== 0 && !options.mayFail) throw explainFailure(label, program, { code, output });
  return { code, output };
}

/**
 * Prints a failed program's output and returns the error to throw.
 * @param {string} label
 * @param {string} program
 * @param {{ code: number, output: string }} result
 */
export function explainFailure(label, program, { code, output }) {
  process.stderr.write(`${shorten(output)}\n`);
  return new SetupError(`${label}: ${program} ended with code ${code}`);
}

/**
 * Keeps the beginning, where npm reports the error, and the end, where apt does.
 * @param {string} output
 */
function shorten(output) {
  const lines = output.trimEnd().split('\n');
  return lines.length <= 40 ? lines.join('\n') : [...lines.slice(0, 15), '…', ...lines.slice(-20)].join('\n');
}

/** A failure of the set-up. The message is one line for the user. */
export class SetupError extends Error {}

/**
 * @param {string} program
 * @param {readonly string[]} args
 * @param {{ env?: NodeJS.ProcessEnv, cwd?: string, timeoutMs?: number, descriptor?: number }} [options] `descriptor`: becomes the program's 3
 * @returns {Promise<{ code: number, output: string }>}
 */
export function run(program, args, options = {}) {
  return new Promise((resolve) => {
    let output = '';
    const keep = (/** @type {Buffer} */ chunk) => {
      output = (output + chunk.toString()).slice(-200_000);
    };
    const fail = (/** @type {unknown} */ error) =>
      resolve({ code: 127, output: `${output}${error instanceof Error ? error.message : String(error)}\n` });
    try {
      const child = spawn(program, args, {
        cwd: options.cwd,
        env: options.env ?? process.env,
        stdio: ['ignore', 'pipe', 'pipe', ...(options.descriptor === undefined ? [] : [options.descriptor])],
        timeout: options.timeoutMs ?? 15 * 60_000,
      });
      child.stdout?.on('data', keep);
      child.stderr?.on('data', keep);
      child.once('error', fail);
      child.once('close', (code) => resolve({ code: code ?? 1, output }));
    } catch (error) {
      // Some errors of the system are thrown, ETXTBSY among them.
      fail(error);
    }
  });
}

/**
 * @param {string} label
 * @returns {(ok: boolean) => void}
 */
function showProgress(label) {
  const begun = performance.now();
  const elapsed = () => `${((performance.now() - begun) / 1000).toFixed(1)} s`;
  if (!process.stdout.isTTY) {
    console.log(`${label} …`);
    const reminder = setInterval(() => console.log(`${label} … (${elapsed()})`), 15_000);
    return (ok) => {
      clearInterval(reminder);
      console.log(`${label}: ${ok ? 'done' : 'failed'} (${elapsed()})`);
    };
  }
  let frame = 0;
  const draw = () => process.stdout.write(`\r\x1b[K${FRAMES[frame++ % FRAMES.length]} ${label} (${elapsed()})`);
  draw();
  const timer = setInterval(draw, 100);
  return (ok) => {
    clearInterval(timer);
    process.stdout.write(`\r\x1b[K${ok ? '✓' : '✗'} ${label} (${elapsed()})\n`);
  };
}
