import { CloudApiError } from '@thecloud/sdk';
import { Option } from 'commander';
import { Failure, usage } from '../failure.ts';
import type { Invocation } from '../invocation.ts';
import { ask } from '../prompt.ts';
import { runVerb } from '../run-verb.ts';
import type { CustomVerb } from '../verb-command.ts';
import type { World } from '../world.ts';
import { askNewPassword } from './login.ts';

/** How a member that must not stand on the command line is asked for. `new`: hidden, and asked for twice. */
interface Question {
  readonly member: string;
  readonly text: string;
  readonly how: 'shown' | 'hidden' | 'new';
  /** Whether it is needed at all; default: always. */
  readonly when?: (input: Invocation['input']) => boolean;
}

/** Longest standard input that is read for answers, in characters. */
const LONGEST_INPUT = 4096;

/**
 * A verb whose secrets are asked for on the terminal, or read from standard input, one a line: on the command line they would be in the shell's
 * history and in the list of processes.
 */
const asking = (...questions: readonly Question[]): CustomVerb => ({
  without: questions.map(({ member }) => member),
  shows: true,
  options: [
    new Option(
      '--stdin',
      `read from standard input instead, one a line: ${questions.map(({ member }) => member).join(', ')}`,
    ),
  ],
  async run(invocation) {
    const { world, own } = invocation;
    const input: Record<string, unknown> = { ...invocation.input };
    const needed = questions.filter(({ when }) => when?.(input) ?? true);
    const lines = own.stdin === true && needed.length > 0 ? await readLines(world, needed) : undefined;
    for (const [nth, { member, text, how }] of needed.entries())
      input[member] =
        lines?.[nth] ??
        (how === 'new'
          ? await askNewPassword(world, text, '--stdin')
          : (await ask(world, text, { hidden: how === 'hidden', flag: '--stdin' })).trim());
    await runVerb({ ...invocation, input }).catch((error: unknown) => {
      // A wrong password is not a key that ended: logging in again would not help.
      if (error instanceof CloudApiError && error.status === 401 && !error.message.includes('API key'))
        throw new Failure(error.message);
      throw error;
    });
  },
});

async function readLines(world: World, needed: readonly Question[]): Promise<readonly string[]> {
  let text = '';
  for await (const chunk of world.stdin.setEncoding('utf8')) {
    text += chunk as string;
    if (text.length > LONGEST_INPUT) throw usage(`--stdin: standard input has more than ${LONGEST_INPUT} characters`);
  }
  const lines = text.replace(/\r?\n$/, '').split(/\r?\n/);
  if (lines.length !== needed.length || lines.includes(''))
    throw usage(
      `--stdin: standard input must have ${needed.length} ${needed.length === 1 ? 'line' : 'lines'}: ${needed.map(({ member }) => member).join(', ')}`,
    );
  return lines;
}

const password: Question = { member: 'password', text: 'Your password: ', how: 'hidden' };
const code: Question = { member: 'code', text: 'Code of your authenticator app, or a recovery code: ', how: 'shown' };
const newPassword: Question = { member: 'new_password', text: 'New password (8 characters or more): ', how: 'new' };

/** Verbs about one's own account. */
export const accountVerbs: Readonly<Record<string, CustomVerb>> = {
  'auth.update': asking({ ...password, when: ({ email }) => email !== undefined }),
  'auth.changePassword': asking({ member: 'old_password', text: 'Old password: ', how: 'hidden' }, newPassword),
  'auth.resetPassword': asking({ member: 'token', text: 'Token from the mail: ', how: 'shown' }, newPassword),
  'auth.close': asking(
    { member: 'confirm', text: 'This cannot be undone. Your e-mail address, to confirm: ', how: 'shown' },
    password,
  ),
  'second-factor.enrol': asking(password),
  'second-factor.confirm': asking({ ...code, text: 'Code of your authenticator app: ' }),
  'second-factor.recoveryCodes': asking(code),
  'second-factor.disable': asking(code),
};
