import Type, { type Static } from 'typebox';
import { notFound } from '../../kernel/errors.ts';
import { operation } from '../../kernel/operation.ts';
import { pageInput, pageRequest, toPage } from '../../kernel/page.ts';
import { presentRow } from '../../kernel/resource.ts';
import { type Handlers, service } from '../../kernel/service.ts';
import { sessionExamples } from './examples.ts';
import { createPgSessions, type SessionRow } from './session-repository.pg.ts';
import { createPgOperatedUsers } from './user-repository.pg.ts';

const OperatedSession = Type.Object(
  {
    id: Type.String({ format: 'uuid' }),
    user_id: Type.String({ format: 'uuid' }),
    email: Type.String(),
    tenant_id: Type.Optional(Type.String({ format: 'uuid', description: 'Tenant in which the session acts' })),
    created_at: Type.String({ format: 'date-time' }),
    last_used: Type.Optional(Type.String({ format: 'date-time' })),
    expires_at: Type.String({ format: 'date-time' }),
  },
  { $id: 'OperatedSession' },
);

export const sessionOperations = {
  list: operation({
    summary: "List users' sessions",
    effect: 'list',
    scope: 'operator',
    http: { method: 'GET', path: '/operator/sessions' },
    input: Type.Object(
      {
        ...pageInput,
        user: Type.Optional(Type.String({ minLength: 1, maxLength: 255, description: 'Id or e-mail address' })),
      },
      { additionalProperties: false },
    ),
    output: OperatedSession,
    references: { user: 'operated_user' },
    errors: ['NOT_FOUND'],
    cli: { columns: ['id', 'email', 'created_at', 'last_used', 'expires_at'] },
  }),
  end: operation({
    summary: 'End a session',
    description: "The session's key stops working within a second.",
    effect: 'delete',
    scope: 'operator',
    http: { method: 'DELETE', path: '/operator/sessions/:id' },
    input: Type.Object({ id: Type.String({ format: 'uuid' }) }, { additionalProperties: false }),
    output: Type.Object({ id: Type.String({ format: 'uuid' }), user_id: Type.String({ format: 'uuid' }) }),
    errors: ['NOT_FOUND'],
    cli: { args: ['id'] },
  }),
};

const present = (row: SessionRow) =>
  presentRow(row, ['id', 'user_id', 'email', 'tenant_id', 'created_at', 'last_used', 'expires_at']) as Static<
    typeof OperatedSession
  >;

const handlers: Handlers<typeof sessionOperations> = {
  async list({ sql, input, now }) {
    const page = pageRequest(input);
    const user = input.user === undefined ? undefined : await createPgOperatedUsers(sql).find(input.user, false);
    if (input.user !== undefined && !user) throw notFound('user', input.user);
    const { items, nextCursor } = toPage(
      await createPgSessions(sql).list(user?.id ?? null, page, now),
      page.limit,
      (row) => row.id,
    );
    return { items: items.map(present), ...(nextCursor === undefined ? {} : { nextCursor }) };
  },

  async end({ sql, input, now, about }) {
    const ended = await createPgSessions(sql).end(input.id, now);
    if (!ended) throw notFound('session', input.id);
    about({ id: ended.id, metadata: { user_id: ended.user_id } });
    return { id: ended.id, user_id: ended.user_id };
  },
};

/** Sessions of all users, for the operator. */
export const createAdminSessionsService = () =>
  service({
    name: 'admin-sessions',
    resource: 'session',
    title: 'Sessions of all users',
    authority: true,
    operations: sessionOperations,
    console: {
      group: 'operator',
      heading: 'Sessions',
      icon: 'monitor',
      summary: 'A session is a login of a user, which lasts until it expires or somebody ends it.',
      title: 'email',
      columns: ['email', 'tenant_id', 'created_at', 'last_used', 'expires_at'],
      references: { user_id: 'operated_user', tenant_id: 'operated_tenant' },
    },
    handlers,
    examples: sessionExamples,
  });
