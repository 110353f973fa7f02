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
      'Needs no key. Says whether the platform works, who may register and where AWS clients connect, but neither its version nor what is wrong.',
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
        region: Type.String({ description: 'Region of the AWS API, which clients sign for' }),
        aws_endpoint: Type.Optional(
          Type.String({ description: 'Where the AWS API listens, such as http://127.0.0.1:4566; absent: nowhere' }),
        ),
        notice: Type.Optional(Type.String({ description: "The operator's message" })),
      },
      { $id: 'PlatformStatus' },
    ),
  }),
};

export interface StatusDeps {
  readonly region: string;
  /** Where the AWS API listens; undefined: nowhere. */
  readonly awsUrl?: (() => string | undefined) | undefined;
}

const createStatusHandlers = ({
  region,
  awsUrl: find = () => undefined,
}: StatusDeps): Handlers<typeof statusOperations> => ({
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
    const awsUrl = find();
    return {
      name,
      status: works ? 'operational' : 'degraded',
      registration: row!.registration,
      region,
      ...(awsUrl === undefined ? {} : { aws_endpoint: awsUrl }),
      ...(notice === '' ? {} : { notice }),
    };
  },
});

/** What strangers may know. */
export const createStatusService = (deps: StatusDeps) =>
  service({
    name: 'status',
    resource: 'status',
    title: 'Public status',
    operations: statusOperations,
    console: 'custom',
    handlers: createStatusHandlers(deps),
    settings: [NAME, NOTICE],
    examples: { get: { input: async () => ({}) } },
  });
