import { type Command, Option } from 'commander';
import { Failure } from '../failure.ts';
import { toJson } from '../output/cell.ts';
import { connect } from '../run-verb.ts';
import type { CustomVerb, VerbDeps } from '../verb-command.ts';
import type { Ended } from './audit-verify.ts';

/** `cloud audit prove ROW`: prints the proof, for a file that `cloud audit verify-proof` checks. */
export const proveVerb: CustomVerb = {
  async run(invocation) {
    const proof = await connect(invocation).call(invocation.verb, invocation.input);
    invocation.world.stdout.write(`${toJson(proof)}\n`);
  },
};

const publicKeyOption = () =>
  new Option(
    '--public-key <key>',
    'public key, or file with public keys, that you noted from: cloud audit public-key; may be repeated',
  )
    .argParser((text: string, before: readonly string[] | undefined) => [...(before ?? []), text])
    .makeOptionMandatory();

interface VerifyOptions {
  readonly publicKey: readonly string[];
  readonly head?: string;
}

function exitCodeOf({ exitCode, failure }: Ended): number {
  if (failure !== undefined) throw new Failure(failure, exitCode);
  return exitCode;
}

/** What checks files without a server. */
export function addAuditCommands(parent: Command, deps: VerbDeps): void {
  const verify = parent
    .command('verify')
    .summary('Verify an export or an archive of the audit trail')
    .description(
      'Verify an export or an archive of the audit trail, without the platform. Names each row that was changed, removed or inserted, and each checkpoint that was changed, removed or reordered. - reads standard input.',
    )
    .argument('<file>', 'file of JSON lines, also compressed with gzip')
    .addOption(publicKeyOption())
    .addOption(
      new Option('--head <hash>', 'hash of a checkpoint that you noted earlier and that the file must contain'),
    );
  verify.action((file: string) =>
    deps.act(async () => {
      const { verifyFile } = await import('./audit-verify.ts');
      return exitCodeOf(await verifyFile(deps.world, file, verify.opts<VerifyOptions>()));
    }),
  );
  const proof = parent
    .command('verify-proof')
    .summary('Verify a proof that a row is in the audit trail')
    .description('Verify a proof from cloud audit prove, without the platform. - reads standard input.')
    .argument('<file>', 'file with the proof')
    .addOption(publicKeyOption());
  proof.action((file: string) =>
    deps.act(async () => {
      const { verifyProofFile } = await import('./audit-verify.ts');
      return exitCodeOf(await verifyProofFile(deps.world, file, proof.opts<VerifyOptions>()));
    }),
  );
}
