import { type Command, Option } from 'commander';
import { EXIT, Failure, usage } from '../failure.ts';
import { escapeControl } from '../output/cell.ts';
import { printResult } from '../output/print.ts';
import { styleOf } from '../output/style.ts';
import type { GlobalOptions } from '../session/session.ts';
import { globalOptions, type VerbDeps } from '../verb-command.ts';
import type { World } from '../world.ts';
import type { Finding } from './doctor/checks.ts';

// Commands for the machine of the platform. They call no API: they have to work when nothing else does.

interface Given extends GlobalOptions {
  readonly dataDir?: string;
  readonly file?: string;
}

const dataDirOption = () =>
  new Option('--data-dir <folder>', "the platform's data folder (CLOUD_DATA_DIR)").argParser((folder) => {
    if (!folder.startsWith('/')) throw usage(`the data folder '${folder}' must be an absolute path`);
    return folder;
  });

/** `cloud doctor` */
export function addDoctor(program: Command, deps: VerbDeps): void {
  const command = program
    .command('doctor')
    .summary('Check this machine and the platform on it')
    .description(
      'Check the machine that the platform runs on: versions, kernel, disk, ports, clock, permissions, leftovers and the database. It says what is wrong and how to mend it, changes nothing, and works without a running platform. Ends with 1 if a check fails.',
    )
    .addOption(dataDirOption());
  for (const option of globalOptions())
    if (['--output', '--columns', '--no-header', '--sort'].includes(option.long!)) command.addOption(option);
  command.action(() =>
    deps.act(async () => {
      const { world } = deps;
      const options = { ...deps.before(), ...command.opts<Given>() };
      const { examine } = await import('./doctor/examine.ts');
      const { findings } = await examine(world, options);
      if ((options.output ?? 'table') === 'table' && options.columns === undefined) tell(world, findings);
      else await printResult(world, { columns: ['status', 'check', 'message', 'mend'] }, options, findings);
      return findings.some(({ status }) => status === 'fail') ? EXIT.failed : EXIT.ok;
    }),
  );
}

/** A line for each finding, and one below it that says what to do. Any user of the machine chooses the words of a process that a finding names. */
function tell(world: World, findings: readonly Finding[]): void {
  const style = styleOf(world.stdout, world.env);
  const width = Math.max(...findings.map(({ check }) => check.length));
  const words = { ok: style.green('ok  '), warn: style.yellow('warn'), fail: style.red('fail') };
  for (const { check, status, message, mend } of findings) {
    world.stdout.write(`${words[status]}  ${check.padEnd(width)}  ${escapeControl(message)}\n`);
    if (mend !== undefined) world.stdout.write(`${' '.repeat(width + 8)}To mend it: ${escapeControl(mend)}\n`);
  }
  const count = (wanted: Finding['status']) => findings.filter(({ status }) => status === wanted).length;
  world.stdout.write(`\n${count('fail')} failed, ${count('warn')} warnings, ${count('ok')} ok\n`);
}

/** `cloud support-bundle` */
export function addSupportBundle(program: Command, deps: VerbDeps): void {
  const command = program
    .command('support-bundle')
    .summary('Pack what somebody who helps needs to know, without secrets')
    .description(
      'Write a .tar.gz for somebody who helps you: versions, the findings of cloud doctor, settings, the last lines of each log, metrics, the work queue, migrations and host capacity. Passwords, keys, tokens and sealed values are removed. A password that somebody chose is recognised by the name before it, as in password=…: one that stands alone in a line of a log stays. Names, addresses and e-mail addresses stay too. Look into the bundle before you send it.',
    )
    .addOption(new Option('--file <path>', 'where to write it; default: a new file in this folder'))
    .addOption(dataDirOption());
  command.action(() =>
    deps.act(async () => {
      const { world } = deps;
      const options = { ...deps.before(), ...command.opts<Given>() };
      const { writeSupportBundle } = await import('./doctor/support-bundle.ts');
      const written = await writeSupportBundle(world, options);
      if ('failed' in written) throw new Failure(written.failed);
      world.stdout.write(`${written.file}\n`);
      for (const line of written.missing) world.stderr.write(`Not in it: ${line}\n`);
    }),
  );
}
