import { EXIT, Failure, usage } from './failure.ts';
import { isInteractive, type World } from './world.ts';

/** Longest standard input that is read as a password. */
const PASSWORD_LIMIT = 4096;

/** Asks on the terminal. A hidden answer is not shown as it is typed. Throws Failure without a terminal. */
export async function ask(
  world: World,
  question: string,
  how: { readonly hidden?: boolean; readonly flag: string },
): Promise<string> {
  if (!isInteractive(world)) throw usage(`cannot ask without a terminal; use ${how.flag}`);
  // Loaded here, because most commands ask nothing and should start fast.
  const [{ createInterface }, { Writable }] = await Promise.all([import('node:readline'), import('node:stream')]);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const output = how.hidden ? silent : world.stderr;
  const lines = createInterface({ input: world.stdin, output, terminal: true, prompt: question });
  if (how.hidden) world.stderr.write(question);
  lines.prompt();
  try {
    return await new Promise<string>((resolve, reject) => {
      lines.once('line', resolve);
      lines.once('SIGINT', () => reject(new Failure('interrupted', EXIT.interrupted)));
      lines.once('close', () => reject(new Failure('no answer', EXIT.interrupted)));
    });
  } finally {
    lines.close();
    if (how.hidden) world.stderr.write('\n');
  }
}

/** True for y or yes only. */
export async function confirm(world: World, question: string): Promise<boolean> {
  return /^y(es)?$/i.test((await ask(world, `${question} [y/N] `, { flag: '--yes' })).trim());
}

/** The first line of standard input, for scripts that pass a password or a key by this flag. */
export async function readPassword(world: World, flag = '--password-stdin'): Promise<string> {
  let text = '';
  for await (const chunk of world.stdin.setEncoding('utf8')) {
    text += chunk as string;
    if (text.length > PASSWORD_LIMIT)
      throw usage(`${flag}: standard input has more than ${PASSWORD_LIMIT} characters; pass only the secret`);
  }
  const line = text.split(/\r?\n/, 1)[0]!;
  if (line === '') throw usage(`${flag}: standard input is empty; pipe the secret in`);
  return line;
}
