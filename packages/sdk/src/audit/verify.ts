import type { KeyObject } from 'node:crypto';
import { type ExportLine, readLine } from './lines.ts';
import { climb, leafHash, readPath, rootOf } from './merkle.ts';
import {
  type AuditRow,
  type Checkpoint,
  cutLeaves,
  type Entry,
  hashCheckpoint,
  hashEntry,
  idOfLeaf,
  isSigned,
  leafOf,
  NO_HASH,
} from './records.ts';

/** Something that is not as it was signed. */
export interface Finding {
  readonly subject: 'row' | 'checkpoint' | 'file';
  /** The row's id, the checkpoint's number, or the line's number. */
  readonly id: string;
  /** A sentence without a full stop. */
  readonly message: string;
}

/** What a verification saw. */
export interface Report {
  /** Whether everything that a checkpoint covers is as it was signed. */
  readonly isGood: boolean;
  /** Rows that are as they were signed. */
  readonly verified: number;
  /** Rows newer than the last checkpoint: neither right nor wrong yet. */
  readonly uncovered: number;
  /** Rows whose entries were archived and pruned: verify the archive's files. */
  readonly archived: number;
  /** When the newest checkpoint was made whose rows were. No younger than rows are kept, if nobody removed them. */
  readonly archivedUntil: string | undefined;
  readonly checkpoints: number;
  /** Whether the trail is there from its first checkpoint on. */
  readonly isWhole: boolean;
  /** The newest checkpoint that every later export contains too: of one tenant's, one in which the tenant has rows. */
  readonly last: { readonly number: string; readonly hash: string; readonly created_at: string } | undefined;
  /** The first of them, at most MOST_FINDINGS. */
  readonly findings: readonly Finding[];
  readonly findingCount: number;
}

export interface VerifyOptions {
  /** The keys that you trust. */
  readonly publicKeys: readonly KeyObject[];
  /** The hash of a checkpoint that the file must contain, noted earlier: notices that the newest ones were removed. */
  readonly head?: string | undefined;
}

/** Most findings that are kept; the others are counted. */
export const MOST_FINDINGS = 1_000;

/** What a tenant's entries must go on from. */
interface Chain {
  readonly number: bigint;
  readonly hash: string;
  /** Its rows are in the file. Rows are pruned from the oldest on, so those of the next entry must be too. */
  readonly hasRows: boolean;
}

type Seen = { readonly checkpoint: Checkpoint; readonly hash: string; readonly isGood: boolean };

interface Expected {
  readonly leaf: Buffer;
  seen: boolean;
}

/**
 * Verifies the lines of an export, or of an archive, with nothing but public keys. It reads each line once and keeps one checkpoint's
 * leaves (48 bytes a row) in memory.
 */
export async function verifyExport(
  lines: AsyncIterable<string | readonly string[]> | Iterable<string>,
  options: VerifyOptions,
): Promise<Report> {
  const verifier = new Verifier(options);
  for await (const some of lines)
    for (const text of typeof some === 'string' ? [some] : some) if (text !== '') verifier.take(text);
  return verifier.finish();
}

class Verifier {
  readonly #options: VerifyOptions;
  readonly #findings: Finding[] = [];
  #findingCount = 0;
  #lines = 0;
  #rows = 0;
  #verified = 0;
  #uncovered = 0;
  #archived = 0;
  #checkpoints = 0;
  #isWhole = true;
  #tenantId: string | undefined;
  #isFromStart = false;
  #section: 'start' | 'checkpoint' | 'uncovered' | 'end' = 'start';
  #checkpoint: Seen | undefined;
  /** The newest in which the file's tenant has rows. */
  #last: Seen | undefined;
  #archivedUntil: string | undefined;
  #entryHashes: Buffer[] = [];
  readonly #chains = new Map<string, Chain>();
  #expected = new Map<string, Expected>();
  /** Rows of checkpoints that are missing from the file. */
  #orphans = 0;
  #hasGap = false;
  #headSeen = false;

  constructor(options: VerifyOptions) {
    this.#options = options;
  }

  get #isOfOneTenant(): boolean {
    return this.#tenantId !== undefined;
  }

  take(text: string): void {
    this.#lines++;
    const line = readLine(text);
    if (!line) return this.#find('file', String(this.#lines), `line ${this.#lines} is not a line of an export`);
    if (this.#section === 'end' || (this.#section === 'start') !== (line.type === 'export'))
      return this.#find('file', String(this.#lines), `line ${this.#lines}, '${line.type}', stands in the wrong place`);
    this.#takeLine(line);
  }

  #takeLine(line: ExportLine): void {
    switch (line.type) {
      case 'export':
        this.#tenantId = line.tenant_id;
        this.#isFromStart = line.from_start === true;
        this.#section = 'checkpoint';
        return;
      case 'checkpoint':
        return this.#takeCheckpoint(line.checkpoint, line.signature);
      case 'entry':
        return this.#takeEntry(line.entry, line.path, line.leaves);
      case 'row':
        return this.#takeRow(line.row);
      case 'uncovered':
        this.#closeCheckpoint();
        this.#section = 'uncovered';
        return;
      case 'end':
        this.#closeCheckpoint();
        this.#section = 'end';
        if (line.rows !== this.#rows)
          this.#find(
            'file',
            String(this.#lines),
            `the file has ${this.#rows} rows, and its last line says ${line.rows}`,
          );
    }
  }

  #takeCheckpoint(checkpoint: Checkpoint, signature: string): void {
    this.#closeCheckpoint();
    const before = this.#checkpoint;
    const { number } = checkpoint;
    const isGood = this.#options.publicKeys.some((key) => isSigned(checkpoint, signature, key));
    const hash = hashCheckpoint(checkpoint).toString('hex');
    this.#checkpoint = { checkpoint, hash, isGood };
    this.#checkpoints++;
    if (hash === this.#options.head) this.#headSeen = true;
    if (!isGood)
      this.#find(
        'checkpoint',
        number,
        `checkpoint ${number}${before ? `, which follows ${before.checkpoint.number},` : ''} was changed: its signature (key version ${checkpoint.key_version}) fits none of the given public keys`,
      );
    if (!before) {
      if (number !== '1' && !this.#isOfOneTenant) {
        this.#isWhole = false;
        if (this.#isFromStart) {
          this.#hasGap = true;
          this.#find('checkpoint', missing('0', number), `${missingWords('0', number)} removed`);
        }
      }
      if (isGood && (number === '1') !== (checkpoint.previous_hash === NO_HASH))
        this.#find('checkpoint', number, `checkpoint ${number} does not begin the chain as it says`);
      return;
    }
    const step = BigInt(number) - BigInt(before.checkpoint.number);
    if (step <= 0n)
      this.#find(
        'checkpoint',
        number,
        `checkpoint ${number} stands after ${before.checkpoint.number}: they were reordered or repeated`,
      );
    else if (step > 1n && !this.#isOfOneTenant) {
      this.#hasGap = true;
      this.#find(
        'checkpoint',
        missing(before.checkpoint.number, number),
        `${missingWords(before.checkpoint.number, number)} removed`,
      );
    } else if (step === 1n && isGood && before.isGood && checkpoint.previous_hash !== before.hash)
      this.#find(
        'checkpoint',
        number,
        `checkpoint ${number} does not follow the checkpoint ${before.checkpoint.number} of this file`,
      );
  }

  #takeEntry(entry: Entry, path: readonly string[], leaves: string | undefined): void {
    const at = this.#checkpoint;
    if (!at || this.#section !== 'checkpoint')
      return this.#find('file', String(this.#lines), `line ${this.#lines}, 'entry', belongs to no checkpoint`);
    const { number } = at.checkpoint;
    const name = `checkpoint ${number}, tenant ${entry.tenant_id}`;
    const hash = hashEntry(entry);
    this.#entryHashes.push(hash);
    this.#last = at;
    const hadRows = this.#chains.get(entry.tenant_id)?.hasRows === true;
    if (this.#tenantId !== undefined && entry.tenant_id !== this.#tenantId)
      this.#find('file', String(this.#lines), `${name}: the file says that it is of the tenant ${this.#tenantId}`);
    const steps = readPath(path);
    const fits = steps !== undefined && climb(hash, steps).toString('hex') === at.checkpoint.root;
    if (!fits)
      this.#find(
        'checkpoint',
        number,
        `${name}: the entry ${entry.number} was changed: it is not the one that was signed`,
      );
    this.#follow(entry, hash, leaves !== undefined, name, number);
    if (leaves === undefined) {
      this.#archived += Number(entry.row_count);
      this.#archivedUntil = at.checkpoint.created_at;
      if (hadRows)
        this.#find(
          'checkpoint',
          number,
          `${name}: the ${entry.row_count} rows of the entry ${entry.number} were removed, and older ones are there; retention removes the oldest first (if it was at work during the export, export again)`,
        );
      return;
    }
    const list = cutLeaves(Buffer.from(leaves, 'base64'));
    const isList =
      list !== undefined &&
      list.length > 0 &&
      rootOf(list.map((leaf) => leafHash(leaf))).toString('hex') === entry.root;
    if (!isList || String(list.length) !== entry.row_count)
      this.#find('checkpoint', number, `${name}: the list of its rows was changed`);
    for (const leaf of list ?? []) this.#expected.set(idOfLeaf(leaf), { leaf, seen: false });
  }

  /** An entry goes on from the tenant's entry before. */
  #follow(entry: Entry, hash: Buffer, hasRows: boolean, name: string, number: string): void {
    const before = this.#chains.get(entry.tenant_id);
    const own = BigInt(entry.number);
    this.#chains.set(entry.tenant_id, { number: own, hash: hash.toString('hex'), hasRows });
    if (!before) {
      if (own !== 1n) {
        this.#isWhole = false;
        // Of the platform, the checkpoint that is missing was named.
        if (this.#isFromStart) {
          this.#hasGap = true;
          if (this.#isOfOneTenant)
            this.#find(
              'checkpoint',
              number,
              `${name}: ${missingWords('0', entry.number, 'entry', 'entries')} removed before it`,
            );
        }
      } else if (entry.previous_hash !== NO_HASH)
        this.#find('checkpoint', number, `${name}: the entry 1 does not begin the chain as it says`);
      return;
    }
    if (own > before.number + 1n) {
      this.#hasGap = true;
      this.#find(
        'checkpoint',
        number,
        `${name}: ${missingWords(String(before.number), entry.number, 'entry', 'entries')} removed before it`,
      );
    } else if (own <= before.number)
      this.#find(
        'checkpoint',
        number,
        `${name}: the entry ${entry.number} stands after ${before.number}: they were reordered or repeated`,
      );
    else if (entry.previous_hash !== before.hash)
      this.#find('checkpoint', number, `${name}: the entry ${before.number} before it was replaced`);
  }

  #takeRow(row: AuditRow): void {
    this.#rows++;
    if (this.#section === 'uncovered') {
      const horizon = this.#checkpoint?.checkpoint.to_xid;
      if (horizon === undefined || BigInt(row.xid) >= BigInt(horizon)) this.#uncovered++;
      else
        this.#find(
          'row',
          row.id,
          `the row ${row.id} (${words(row)}) was inserted: the checkpoints that cover its time do not have it`,
        );
      return;
    }
    const expected = this.#expected.get(row.id);
    if (expected && !expected.seen) {
      expected.seen = true;
      if (expected.leaf.equals(leafOf(row))) this.#verified++;
      else this.#find('row', row.id, `the row ${row.id} (${words(row)}) was changed after it was written`);
      return;
    }
    if (this.#hasGap && this.#checkpoint && BigInt(row.xid) < BigInt(this.#checkpoint.checkpoint.from_xid))
      this.#orphans++;
    else
      this.#find(
        'row',
        row.id,
        `the row ${row.id} (${words(row)}) was inserted: the checkpoint that covers its time does not have it`,
      );
  }

  #closeCheckpoint(): void {
    const at = this.#checkpoint;
    if (!at || this.#section !== 'checkpoint') return;
    const { number, root } = at.checkpoint;
    for (const [id, { seen }] of this.#expected)
      if (!seen) this.#find('row', id, `the row ${id} was removed: checkpoint ${number} has it`);
    if (this.#orphans > 0)
      this.#find(
        'checkpoint',
        number,
        `${this.#orphans} rows before checkpoint ${number} belong to a checkpoint that was removed`,
      );
    if (
      !this.#isOfOneTenant &&
      at.isGood &&
      (this.#entryHashes.length === 0 || rootOf(this.#entryHashes).toString('hex') !== root)
    )
      this.#find('checkpoint', number, `checkpoint ${number}: its entries are not all that were signed`);
    this.#expected = new Map();
    this.#entryHashes = [];
    this.#orphans = 0;
    this.#hasGap = false;
  }

  finish(): Report {
    if (this.#section !== 'end')
      this.#find('file', String(this.#lines), 'the file ends before its last line: it was cut off');
    const { head } = this.#options;
    if (head !== undefined && !this.#headSeen)
      this.#find('checkpoint', head, `the checkpoint with the hash ${head} was removed: the file does not have it`);
    const last = this.#isOfOneTenant ? this.#last : this.#checkpoint;
    return {
      isGood: this.#findingCount === 0,
      verified: this.#verified,
      uncovered: this.#uncovered,
      archived: this.#archived,
      archivedUntil: this.#archivedUntil,
      checkpoints: this.#checkpoints,
      isWhole: this.#isWhole,
      last: last && { number: last.checkpoint.number, hash: last.hash, created_at: last.checkpoint.created_at },
      findings: this.#findings,
      findingCount: this.#findingCount,
    };
  }

  #find(subject: Finding['subject'], id: string, message: string): void {
    this.#findingCount++;
    if (this.#findings.length < MOST_FINDINGS) this.#findings.push({ subject, id, message });
  }
}

const words = (row: AuditRow): string => `${row.action} at ${row.created_at}`;

const missing = (before: string, after: string): string => {
  const [first, last] = [BigInt(before) + 1n, BigInt(after) - 1n];
  return first === last ? String(first) : `${first}-${last}`;
};

function missingWords(before: string, after: string, one = 'checkpoint', many = 'checkpoints'): string {
  const which = missing(before, after);
  return which.includes('-') ? `the ${many} ${which.replace('-', ' to ')} were` : `the ${one} ${which} was`;
}
