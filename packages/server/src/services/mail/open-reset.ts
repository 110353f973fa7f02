import { newId, newSecret, sha256Hex } from '../../kernel/ids.ts';
import type { Sql } from '../../kernel/sql/tx.ts';
import type { OutgoingMail } from './mail-engine.ts';
import { RESET_TOKEN } from './queue-mail.ts';

/** Bytes of a reset token (contract, section 8). */
const TOKEN_BYTES = 32;

type Content = Omit<OutgoingMail, 'id'>;

export const asksForToken = ({ text }: Content): boolean => text.includes(RESET_TOKEN);

/**
 * Makes the token that a mail's text asks for, and answers what the mail says with it, for the address that the user has. Undefined: the reset is over.
 * Only the worker may, and an operator whose key the transaction was shown (`by: 'operator'`).
 */
export async function openReset(
  sql: Sql,
  mailId: string,
  content: Content,
  at: Date,
  by: 'worker' | 'operator',
): Promise<Content | undefined> {
  const token = newSecret(TOKEN_BYTES);
  const values = [mailId, newId(at.getTime()), sha256Hex(token), at];
  const [row] = await (by === 'worker'
    ? sql.query<{ address: string | null }>(
        'mail.open_reset',
        'select open_password_reset($1, $2, $3, $4) as address',
        values,
      )
    : sql.query<{ address: string | null }>(
        'mail.open_reset_by_key',
        'select open_password_reset_by_key($1, $2, $3, $4) as address',
        values,
      ));
  const to = row?.address;
  return to ? { ...content, to, text: content.text.replaceAll(RESET_TOKEN, token) } : undefined;
}
