import type { SecretVersion } from '@thecloud/console';

export interface Difference {
  readonly name: string;
  readonly from: string;
  readonly to: string;
}

const MEMBERS: readonly (readonly [name: string, show: (version: SecretVersion) => string])[] = [
  ['Version', ({ number }) => String(number)],
  ['Stages', ({ stages }) => stages.join(', ') || 'none'],
  ['Stored', ({ created_at }) => created_at],
  ['By', ({ user_id }) => user_id],
  ['Size', ({ size }) => `${size} bytes`],
  ['Kind', ({ encoding }) => (encoding === 'base64' ? 'bytes' : 'text')],
];

/** What is known of two versions and differs; nothing of the same one. */
export const differenceOf = (one: SecretVersion, other: SecretVersion): readonly Difference[] =>
  MEMBERS.map(([name, show]) => ({ name, from: show(one), to: show(other) })).filter(({ from, to }) => from !== to);
