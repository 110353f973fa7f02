import { setTimeout as sleep } from 'node:timers/promises';
import type { Transport } from '@thecloud/sdk';
import { Option } from 'commander';
import { EXIT, Failure, usage } from '../../failure.ts';
import type { Invocation } from '../../invocation.ts';
import { printResult } from '../../output/print.ts';
import { startProgress } from '../../output/progress.ts';
import { confirm } from '../../prompt.ts';
import { withNames } from '../../resolve.ts';
import { connect, runVerb } from '../../run-verb.ts';
import { commandOf, siblingOf } from '../../table/verb.ts';
import { type CustomVerb, type OwnInvocation, readWait, watches } from '../../verb-command.ts';
import { DEFAULT_WAIT_SECONDS } from '../../wait.ts';
import { isInteractive } from '../../world.ts';

/** Milliseconds between looks at a task. */
const LOOK_MS = 500;
/** Tasks that are looked at for one: the newest come first. */
const NEWEST = 100;

interface Task {
  readonly id: string;
  readonly status: string;
  readonly moved: number;
  readonly to_move: number;
  readonly failure_reason?: string;
}
const isOver = ({ status }: Task): boolean => ['COMPLETED', 'CANCELLED', 'FAILED'].includes(status);

/** `cloud queues purge NAME`: asks on a terminal, because the messages are gone. */
export const purgeVerb: CustomVerb = {
  shows: true,
  options: [new Option('-y, --yes', 'do not ask')],
  async run(invocation) {
    const { world, own, input } = invocation;
    const asks = own.yes !== true && isInteractive(world);
    if (asks && !(await confirm(world, `Delete all messages of queue '${String(input.id)}'? They cannot be restored.`)))
      throw new Failure('nothing was changed');
    return runVerb(invocation);
  },
};

/** `cloud queues redrive NAME`: with --wait, as on a terminal, until all messages are moved; with --cancel it ends the task that runs. */
export const redriveVerb: CustomVerb = {
  shows: true,
  options: [
    new Option(
      '--wait [seconds]',
      'wait until all are moved, by default for 300 s; the default on a terminal',
    ).argParser(readWait),
    new Option('--no-wait', 'end when the platform has accepted the request').hideHelp(),
    new Option('--cancel', 'cancel the task that runs; what was moved stays moved'),
  ],
  async run(invocation) {
    const { own, input } = invocation;
    const transport = connect(invocation);
    const others = Object.keys(input).filter((name) => name !== 'id');
    if (own.cancel === true && others.length > 0) throw usage('--cancel cannot be used with --to or --rate');
    return withNames(invocation, transport, (named) =>
      (own.cancel === true ? cancel : redrive)({ ...invocation, ...named }, transport),
    );
  },
};

async function redrive(invocation: OwnInvocation, transport: Transport): Promise<void> {
  const { world, verb, options, input, own } = invocation;
  const task = await transport.call<Task>(verb, input);
  const isAsked = own.wait === undefined ? watches(verb, world) : own.wait !== false;
  const seconds = typeof own.wait === 'number' ? own.wait : DEFAULT_WAIT_SECONDS;
  const last = isAsked ? await follow(invocation, transport, task, seconds) : task;
  await printResult(world, verb, options, last);
  const name = String(input.id);
  if (isAsked && !isOver(last))
    throw new Failure(
      `${last.moved} of ${last.to_move} messages were moved within ${seconds} s, and the task goes on. To see it: cloud queues redrive-tasks ${name}. To end it: ${cancelOf(invocation)}`,
      EXIT.timeout,
    );
  if (last.status === 'FAILED') throw new Failure(`the task failed: ${last.failure_reason ?? 'no reason was given'}`);
  if (last.status === 'CANCELLED') throw new Failure(`the task was cancelled after ${last.moved} messages`);
}

/** The task as it was last seen, once it is over or time is up. */
async function follow(invocation: OwnInvocation, transport: Transport, task: Task, seconds: number): Promise<Task> {
  const { world, input } = invocation;
  const progress = startProgress(world, String(input.id));
  const deadline = performance.now() + seconds * 1000;
  const leaving = new AbortController();
  const off = world.onSignal('SIGINT', () => leaving.abort());
  let last = task;
  try {
    for (;;) {
      progress?.show(last.status, `${last.moved} of ${last.to_move} moved`);
      if (isOver(last) || performance.now() + LOOK_MS > deadline) return last;
      await sleep(LOOK_MS, undefined, leaving).catch(() => {
        throw new Failure(`interrupted; the task goes on. To end it: ${cancelOf(invocation)}`, EXIT.interrupted);
      });
      last = (await tasksOf(invocation, transport)).find(({ id }) => id === task.id) ?? last;
    }
  } finally {
    off();
    progress?.stop();
  }
}

const cancelOf = ({ verb, input }: Invocation): string => `${commandOf(verb)} ${String(input.id)} --cancel`;

async function tasksOf({ verb, verbs, input }: Invocation, transport: Transport): Promise<readonly Task[]> {
  const lister = siblingOf(verb, verbs, 'redriveTasks')!;
  return (await transport.page<Task>(lister, { id: input.id, limit: NEWEST })).items;
}

async function cancel(invocation: OwnInvocation, transport: Transport): Promise<void> {
  const { world, verb, verbs, options, input } = invocation;
  const running = (await tasksOf(invocation, transport)).find((task) => !isOver(task));
  if (running === undefined)
    throw new Failure(`no task moves messages out of '${String(input.id)}'; nothing was changed`, EXIT.conflict);
  const canceller = siblingOf(verb, verbs, 'cancelRedrive')!;
  await printResult(world, verb, options, await transport.call(canceller, { id: input.id, task: running.id }));
}
