import Type, { type Static } from 'typebox';
import { notFound } from '../../kernel/errors.ts';
import type { Example } from '../../kernel/example.ts';
import { newId } from '../../kernel/ids.ts';
import { operation } from '../../kernel/operation.ts';
import { LAST_ID, pageInput, pageRequest, toPage } from '../../kernel/page.ts';
import { presentRow } from '../../kernel/resource.ts';
import type { Sealer } from '../../kernel/seal.ts';
import { type Handlers, service } from '../../kernel/service.ts';
import { asksForToken, openReset } from './open-reset.ts';
import { MAIL_SEAL } from './queue-mail.ts';

const WaitingMail = Type.Object(
  {
    id: Type.String({ format: 'uuid' }),
    tenant_id: Type.Optional(Type.String({ format: 'uuid', description: 'Tenant that sends it; none: the platform' })),
    created_at: Type.String({ format: 'date-time' }),
    expires_at: Type.String({ format: 'date-time' }),
  },
  { $id: 'WaitingMail' },
);

const TakenMail = Type.Object(
  { id: Type.String({ format: 'uuid' }), to: Type.String(), subject: Type.String(), text: Type.String() },
  { $id: 'TakenMail' },
);

const waitingMailOperations = {
  list: operation({
    summary: 'List mails that wait for a mail server',
    description: 'Without what they say. A mail waits for 24 hours.',
    effect: 'list',
    scope: 'operator',
    http: { method: 'GET', path: '/operator/mails' },
    input: Type.Object({ ...pageInput }, { additionalProperties: false }),
    output: WaitingMail,
    cli: { columns: ['id', 'tenant_id', 'created_at', 'expires_at'] },
  }),
  take: operation({
    summary: 'Take a mail out of the queue, to pass it on',
    description:
      'Shows once what the mail says, and does not send it. A mail can hold a token that lets its reader in, so give it only to the person whom it is for.',
    effect: 'action',
    scope: 'operator',
    http: { method: 'POST', path: '/operator/mails/:id/take' },
    input: Type.Object({ id: Type.String({ format: 'uuid' }) }, { additionalProperties: false }),
    output: TakenMail,
    errors: ['NOT_FOUND'],
    shownOnce: ['to', 'subject', 'text'],
    cli: { args: ['id'], columns: ['to', 'subject', 'text'] },
  }),
};

interface WaitingRow {
  readonly id: string;
  readonly tenant_id: string | null;
  readonly created_at: Date;
  readonly expires_at: Date;
}

const present = (row: WaitingRow) =>
  presentRow(row, ['id', 'tenant_id', 'created_at', 'expires_at']) as Static<typeof WaitingMail>;

const createHandlers = (sealer: Pick<Sealer, 'open'>): Handlers<typeof waitingMailOperations> => ({
  async list({ sql, input }) {
    const page = pageRequest(input);
    const rows = await sql.query<WaitingRow>(
      'mail.list_waiting',
      `select id, tenant_id, created_at, expires_at from mails where outcome = 'waiting' and id < $1 order by id desc limit $2`,
      [page.after ?? LAST_ID, page.limit + 1],
    );
    const { items, ...rest } = toPage(rows, page.limit, (row) => row.id);
    return { items: items.map(present), ...rest };
  },

  async take({ sql, input: { id }, now, about }) {
    const [row] = await sql.query<{ sealed: string; tenant_id: string | null }>(
      'mail.take',
      'select sealed, tenant_id from take_mail($1, $2)',
      [id, now],
    );
    if (!row) throw notFound('mail', id);
    // The tenant whose mail it was sees in its trail that the operator read it.
    about({ id, ...(row.tenant_id === null ? {} : { tenantId: row.tenant_id }) });
    const queued = JSON.parse(sealer.open(MAIL_SEAL, id, row.sealed)) as Static<typeof TakenMail>;
    const content = asksForToken(queued) ? await openReset(sql, id, queued, now, 'operator') : queued;
    // It waits until it expires: nobody has a use for it.
    if (!content) throw notFound('mail', id);
    const { to, subject, text } = content;
    return { id, to, subject, text };
  },
});

/** A mail that waits. */
const insertMail: Example['input'] = async ({ owner, seal, tenantId, unique }) => {
  const id = newId();
  const content = { to: `${unique()}@example.com`, subject: 'Hello', text: unique() };
  await owner.query(
    `insert into mails (id, tenant_id, recipient, sealed, expires_at) values ($1, $2, 'x', $3, now() + interval '1 day')`,
    [id, tenantId, seal(MAIL_SEAL, id, JSON.stringify(content))],
  );
  return { id };
};

const examples: Record<keyof typeof waitingMailOperations, Example> = {
  list: { input: async (world) => (await insertMail(world), {}) },
  take: {
    input: insertMail,
    about: async ({ input }) => ({ id: String(input['id']) }),
  },
};

/** What waits because no mail server is set, for the operator to pass on. */
export const createWaitingMailsService = ({ sealer }: { readonly sealer: Pick<Sealer, 'open'> }) =>
  service({
    name: 'admin-mails',
    resource: 'mail',
    title: 'Waiting mails',
    authority: true,
    operations: waitingMailOperations,
    console: {
      group: 'operator',
      icon: 'mails',
      summary: 'A mail waits here if the platform has no mail server, so that you can pass it on.',
      columns: ['id', 'tenant_id', 'created_at', 'expires_at'],
      references: { tenant_id: 'operated_tenant' },
    },
    handlers: createHandlers(sealer),
    examples,
  });
