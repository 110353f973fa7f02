import type { KeyObject } from 'node:crypto';
import { createReadStream, existsSync, readFileSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { readPublicKey, type Report, verifyExport, verifyProof } from '@thecloud/sdk/audit';
import { EXIT, Failure, usage } from '../failure.ts';
import { escapeControl } from '../output/cell.ts';
import type { World } from '../world.ts';

/** Findings that are printed; the others are counted. */
const MOST_SHOWN = 100;

/** How a command ended. The bundle has a class Failure of its own for this part, so that a failure goes as text. */
export interface Ended {
  readonly exitCode: number;
  readonly failure?: string;
}

const settled = async (work: Promise<number>): Promise<Ended> => {
  try {
    return { exitCode: await work };
  } catch (error) {
    if (error instanceof Failure) return { exitCode: error.exitCode, failure: error.message };
    throw error;
  }
};

/** Checks a file and prints what it found. The exit code is 1 if something is not as it was signed. */
export const verifyFile = (...given: Parameters<typeof verify>): Promise<Ended> => settled(verify(...given));

/** Checks a proof. */
export const verifyProofFile = (...given: Parameters<typeof verifyProofIn>): Promise<Ended> =>
  settled(verifyProofIn(...given));

async function verify(
  world: World,
  path: string,
  { publicKey, head }: { readonly publicKey: readonly string[]; readonly head?: string },
): Promise<number> {
  const publicKeys = readKeys(publicKey);
  if (head !== undefined && !/^[0-9a-f]{64}$/.test(head))
    throw usage(`--head '${head}' must be the hash of a checkpoint: 64 hex digits`);
  const report = await verifyExport(linesOf(world, path), { publicKeys, head }).catch((error: unknown) =>
    Promise.reject(new Failure(`cannot read ${path}: ${(error as Error).message}`)),
  );
  for (const { message } of report.findings.slice(0, MOST_SHOWN)) world.stdout.write(`${escapeControl(message)}\n`);
  const more = report.findingCount - Math.min(report.findings.length, MOST_SHOWN);
  if (more > 0) world.stdout.write(`and ${more} more\n`);
  world.stdout.write(`${summaryOf(report)}\n`);
  return report.isGood ? EXIT.ok : EXIT.failed;
}

function summaryOf(report: Report): string {
  const { verified, uncovered, archived, archivedUntil, checkpoints, last } = report;
  return [
    `${report.isGood ? 'Good' : 'NOT GOOD'}: ${verified} rows verified in ${checkpoints} checkpoints.`,
    ...(uncovered > 0 ? [`${uncovered} rows are not yet covered by a checkpoint.`] : []),
    ...(archived > 0
      ? [
          `${archived} rows up to ${archivedUntil} were archived and pruned; verify the archive's files. If that is younger than rows are kept, somebody removed them.`,
        ]
      : []),
    ...(report.isWhole ? [] : ['The file does not begin with the first checkpoint.']),
    ...(last ? [`Last checkpoint: ${last.number} of ${last.created_at}, --head ${last.hash}`] : []),
  ].join('\n');
}

async function verifyProofIn(
  world: World,
  path: string,
  { publicKey }: { readonly publicKey: readonly string[] },
): Promise<number> {
  const publicKeys = readKeys(publicKey);
  let text = '';
  for await (const lines of linesOf(world, path)) text += `${lines.join('\n')}\n`;
  let proof: unknown;
  try {
    proof = JSON.parse(text);
  } catch (error) {
    throw new Failure(`${path} is not valid JSON: ${(error as Error).message}`);
  }
  const problem = verifyProof(proof, publicKeys);
  if (problem !== undefined) {
    world.stdout.write(`NOT GOOD: ${escapeControl(problem)}\n`);
    return EXIT.failed;
  }
  const { row, checkpoint } = proof as {
    readonly row: Readonly<Record<'id' | 'action' | 'created_at', string>>;
    readonly checkpoint: Readonly<Record<'number' | 'created_at', string>>;
  };
  world.stdout.write(
    escapeControl(
      `Good: the row ${row.id} (${row.action} at ${row.created_at}) is in the checkpoint ${checkpoint.number}, signed at ${checkpoint.created_at}.`,
    ) + '\n',
  );
  return EXIT.ok;
}

/** Bytes that are read at once. */
const CHUNK = 1_048_576;

/** Lines of a file or of standard input, as many at once as a read gives; gzip is unpacked. One at a time costs a third of a verification. */
async function* linesOf(world: World, path: string): AsyncGenerator<readonly string[], void> {
  const source: Readable = path === '-' ? world.stdin : createReadStream(path, { highWaterMark: CHUNK });
  const input = path.endsWith('.gz') ? source.pipe(createGunzip({ chunkSize: CHUNK })) : source;
  // An error of the file does not travel through the pipe.
  if (input !== source) source.once('error', (error) => input.destroy(error));
  let rest = '';
  for await (const text of input.setEncoding('utf8') as AsyncIterable<string>) {
    const lines = (rest + text).split(/\r?\n/);
    rest = lines.pop()!;
    yield lines;
  }
  yield [rest];
}

/** Keys as text, or files with the answer of `cloud audit public-key` in any of its forms: every word that is a key counts. */
function readKeys(given: readonly string[]): readonly KeyObject[] {
  return given.flatMap((text) => {
    const own = readPublicKey(text);
    if (own) return [own];
    if (!existsSync(text)) throw usage(`--public-key '${text}' is neither a public key nor a file`);
    const keys = [...readFileSync(text, 'utf8').matchAll(/[A-Za-z0-9+/]{43}=/g)].flatMap(
      ([word]) => readPublicKey(word) ?? [],
    );
    if (keys.length === 0)
      throw usage(`the file ${text} holds no public key; write one with: cloud audit public-key > ${text}`);
    return keys;
  });
}
