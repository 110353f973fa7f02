import Type from 'typebox';
import { operation } from '../../kernel/operation.ts';
import { platformSetting, readSetting } from '../../kernel/platform-setting.ts';
import { type Handlers, service } from '../../kernel/service.ts';
import { findWorkingHost } from '../hosts/index.ts';

const NAME = platformSetting({
  name: 'name',
  schema: Type.String({ minLength: 1, maxLength: 100 }),
  default: 'The Cloud',
  description: 'Name of the platform, in its public status',
});
const NOTICE = platformSetting({
  name: 'notice',
  schema: Type.String({ maxLength: 1000 }),
  default: '',
  description: 'Message to everybody, in the public status; empty: none',
});

const statusOperations = {
  get: operation({
    summary: 'Get the public status of the platform',
    description:
      'Needs no key. Says whether the platform works and who may register, but neither its version nor what is wrong.',
    effect: 'read',
    scope: 'public',
    http: { method: 'GET', path: '/status' },
    input: Type.Object({}, { additionalProperties: false }),
    output: Type.Object(
      {
        name: Type.String(),
        status: Type.Enum(['operational', 'degraded'], {
          description: 'degraded: the API answers, but instances cannot be launched or changed at the moment',
        }),
        registration: Type.Enum(['first_user', 'open', 'closed'], {
          description:
            'first_user: nobody has registered yet; who does is the operator. closed: nobody new can register',
        }),
        notice: Type.Optional(Type.String({ description: "The operator's message" })),
      },
      { $id: 'PlatformStatus' },
    ),
  }),
};

const handlers: Handlers<typeof statusOperations> = {
  async get({ sql }) {
    const [name, notice, works, [row]] = await Promise.all([
      readSetting(sql, NAME),
      readSetting(sql, NOTICE),
      findWorkingHost(sql),
      sql.query<{ registration: 'first_user' | 'open' | 'closed' }>(
        'status.registration',
        'select registration_state() as registration',
      ),
    ]);
    return {
      name,
      status: works ? 'operational' : 'degraded',
      registration: row!.registration,
      ...(notice === '' ? {} : { notice }),
    };
  },
};

/** What strangers may know. */
export const createStatusService = () =>
  service({
    name: 'status',
    resource: 'status',
    title: 'Public status',
    operations: statusOperations,
    console: 'custom',
    handlers,
    settings: [NAME, NOTICE],
    examples: { get: { input: async () => ({}) } },
  });
