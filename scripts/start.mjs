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
  // Migrations need no system packages; a process alone needs no PostgreSQL and may need no engine.
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

/** Refuses wrong settings before anything is installed, with the platform's own messages. */
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
 * npm runs its scripts through a shell and sends SIGTERM to that shell, which exits without forwarding it. So below npm, stop when the
 * parent is gone.
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

/** The first start runs on the machine's Node. The platform stops when its channel to this process closes. */
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
