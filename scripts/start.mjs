/**
 * `npm start`: installs what is missing, then runs the platform in the foreground on Node 24. Settings: `npm start -- --help`.
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { findMisspelt, readCommand, SettingsError } from '../packages/server/src/generated/command-line.mjs';
import { ensureNpmPackages, ensureSystemPackages, exitWith, NODE, REPOSITORY } from './setup.mjs';

const MAIN = join(REPOSITORY, 'packages', 'server', 'src', 'main.ts');
const args = process.argv.slice(2);

const command = readOrExit();
if (command.kind === 'tell') {
  console.log(command.text);
  process.exit();
}
try {
  await ensureNpmPackages();
  // The migrations need no more of the machine; a lone process needs no PostgreSQL and may need no engine.
  if (command.kind === 'run') await ensureSystemPackages();
} catch (error) {
  exitWith(error);
}

stopWithParent();
if (Number(process.versions.node.split('.')[0]) >= 24) {
  // From the second start on npm finds Node 24 first: this process becomes the platform itself.
  await import(pathToFileURL(MAIN).href);
} else {
  runBelow();
}

/** What cannot be is refused before anything is installed, as the platform itself refuses it. */
function readOrExit() {
  try {
    return readCommand(args, process.env, () => readFileSync(join(REPOSITORY, 'package.json'), 'utf8'));
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    for (const warning of findMisspelt(process.env)) console.error(`warning: ${warning}`);
    console.error(error.message);
    process.exit(2);
  }
}

/**
 * npm runs its scripts through a shell, and passes SIGTERM to that shell, which ends without passing it on. Below npm, a parent that is
 * gone means: stop.
 */
function stopWithParent() {
  if (!process.env.npm_lifecycle_event) return;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    process.kill(process.pid, 'SIGTERM');
  }, 250);
  timer.unref();
}

/** The first start ran on the machine's own Node. The platform stops when this process is gone: the channel tells it. */
function runBelow() {
  const child = spawn(NODE, [MAIN, ...args], { stdio: ['inherit', 'inherit', 'inherit', 'ipc'] });
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']))
    process.on(signal, () => child.kill(signal));
  child.once('error', (error) => {
    console.error(`cannot run ${NODE}: ${error.message}`);
    process.exit(1);
  });
  child.once('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)));
}
