import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Life } from './keep-running.ts';
import { lastLines, withLog } from './log-files.ts';
import { childEnvironment } from './postgres.ts';
import type { Handover, NewKeys, Question, Report } from './process-protocol.ts';
import { USER_ARGUMENT } from './run-process.ts';
import { describeExit, endChild } from './processes.ts';
import type { Identity } from './system-users.ts';
import { PATIENCE, type Patience, watchAnswers } from './watchdog.ts';

export interface ProcessPlan {
  readonly handover: Handover;
  readonly node: string;
  readonly bundle: string;
  readonly logsDir: string;
  readonly identity: Identity;
  readonly isRoot: boolean;
  /** How long it may leave questions open before it is ended. Default: half a minute. */
  readonly patience?: Patience | undefined;
  /** Hears why it is ended. */
  readonly say: (line: string) => void;
}

/** A life that also knows where it listens. */
export interface ProcessLife extends Life {
  readonly addresses: readonly string[];
  readonly awsAddress: string | undefined;
  /** Does nothing to one that has just ended: the next one starts with the keys. */
  tell(news: NewKeys): void;
}

const READY_MS = 60_000;

/** It becomes that user by itself: see `becomeUser`. */
const userArgument = ({ identity, isRoot }: ProcessPlan): readonly string[] =>
  isRoot && identity.uid !== process.getuid?.() ? [`${USER_ARGUMENT}${identity.uid}:${identity.gid}`] : [];

/** Starts the API or the worker from the bundle and waits until it is ready. Rejects with its own words when it is not. */
export async function startProcess(plan: ProcessPlan, stopping: AbortSignal): Promise<ProcessLife> {
  const role = plan.handover.role;
  const logPath = join(plan.logsDir, `${role}.log`);
  const child = withLog(logPath, (log) =>
    spawn(plan.node, [plan.bundle, ...userArgument(plan)], {
      cwd: '/',
      env: childEnvironment(),
      // A session of its own: a terminal's Ctrl-C goes to the supervisor alone, which stops its processes in order.
      detached: true,
      stdio: ['ignore', log, log, 'ipc'],
      serialization: 'advanced',
    }),
  );
  const ended = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) => resolve(describeExit(code, signal)));
    child.once('error', (error) => resolve(`cannot run (${error.message})`));
  });
  const reported = new Promise<Report>((resolve) => child.once('message', (message) => resolve(message as Report)));
  // A write to a process that just died says so here; its end is what counts.
  child.on('error', () => undefined);
  child.send(plan.handover, () => undefined);

  const end = (hurry?: AbortSignal) =>
    endChild(
      child,
      [
        ['SIGTERM', 16_000],
        ['SIGKILL', 5_000],
      ],
      hurry,
    );
  const waiting = new AbortController();
  const gaveUp = pause(READY_MS, 'timeout' as const, { signal: AbortSignal.any([stopping, waiting.signal]) }).catch(
    () => 'stopped' as const,
  );
  const first = await Promise.race([reported, ended, gaveUp]);
  waiting.abort();
  if (typeof first === 'object' && first.kind === 'ready') {
    const { addresses, awsAddress } = first;
    const watch = watchAnswers(
      plan.patience ?? PATIENCE,
      () => ask(child),
      (silentMs) => {
        plan.say(`${role} (process ${child.pid}) has not answered for ${silentMs / 1000} s; ending it`);
        // It would not hear anything milder.
        child.kill('SIGKILL');
      },
    );
    child.on('message', watch.answered);
    void ended.then(watch.stop);
    return {
      pid: child.pid,
      ended,
      addresses,
      awsAddress,
      tell: (news) => {
        if (child.connected) child.send(news, () => undefined);
      },
      stop: (hurry) => {
        watch.stop();
        return end(hurry);
      },
    };
  }
  await end();
  if (typeof first === 'object') throw new Error(first.message);
  if (first === 'stopped') throw new Error('it was stopped while it started');
  if (first === 'timeout') throw new Error(`not ready after ${READY_MS / 1000} s\n${lastLines(logPath)}`);
  throw new Error(`${first} while it started\n${lastLines(logPath)}`);
}

/** Asks whether it answers. What it cannot be told, because it is gone, it is not asked. */
function ask(child: ChildProcess): void {
  const question: Question = { kind: 'alive?' };
  if (child.connected) child.send(question, () => undefined);
}
