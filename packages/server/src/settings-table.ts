import { type Setting, Type } from './setting-schema.ts';
import {
  readAddress,
  readAddressOrOff,
  readDatabaseUrl,
  readHosts,
  readMailFrom,
  readNetworks,
  readOrigins,
  readPublicUrl,
  readSmtpUrl,
} from './setting-readers.ts';

/** PostgreSQL and Linux take at most 107 bytes for the path of a socket; the longest of ours below the data folder has 31. */
const LONGEST_DATA_DIR = 76;

/** One schema per setting: it validates the value, words the error, and is printed by `npm start -- --help`. */
const SETTINGS = {
  role: Type.Enum(['all', 'api', 'worker'], {
    name: 'CLOUD_ROLE',
    default: 'all',
    description:
      'all: run everything on this machine. api or worker: run only that process, in the foreground, with DATABASE_URL',
  }),
  dataDir: Type.Refine(
    Type.String({
      name: 'CLOUD_DATA_DIR',
      pattern: '^/',
      expected: 'an absolute path',
      description: 'folder for all data of the platform',
    }),
    (path) => Buffer.byteLength(path) <= LONGEST_DATA_DIR,
    (path) =>
      `must have at most ${LONGEST_DATA_DIR} bytes (this has ${Buffer.byteLength(path)}), because sockets are created below it`,
  ),
  listen: Type.Decode(
    Type.String({
      name: 'CLOUD_LISTEN',
      default: '127.0.0.1:8080',
      description: 'address of the REST API and its documentation',
    }),
    readAddress,
  ),
  awsListen: Type.Decode(
    Type.String({
      name: 'CLOUD_AWS_LISTEN',
      default: '127.0.0.1:4566',
      description: 'address of the AWS API, or off',
    }),
    readAddressOrOff,
  ),
  externalDatabaseUrl: Type.Optional(
    Type.Decode(
      Type.String({
        name: 'DATABASE_URL',
        description:
          'your own PostgreSQL 15 or later; empty: the platform runs its own cluster in the data folder. Role all logs in as the owner, api as cloud_api, worker as cloud_worker. With ?sslmode=require or verify-full the server needs a trusted certificate (sslrootcert=FILE adds a CA)',
      }),
      readDatabaseUrl,
    ),
  ),
  operatorDatabaseUrl: Type.Optional(
    Type.Decode(
      Type.String({
        name: 'CLOUD_OPERATOR_DATABASE_URL',
        description:
          "for role api: the login as cloud_operator; empty: DATABASE_URL with that user and DATABASE_URL's password",
      }),
      readDatabaseUrl,
    ),
  ),
  dataDatabaseUrl: Type.Optional(
    Type.Decode(
      Type.String({
        name: 'CLOUD_DATA_DATABASE_URL',
        description:
          "for role api: the login as cloud_data; empty: DATABASE_URL with that user and DATABASE_URL's password",
      }),
      readDatabaseUrl,
    ),
  ),
  pgPort: Type.Optional(
    Type.Integer({
      name: 'CLOUD_PG_PORT',
      minimum: 1,
      maximum: 65535,
      description: "loopback port of the platform's own cluster; empty: 5433 or the next free port",
    }),
  ),
  dbPoolMax: Type.Integer({
    name: 'CLOUD_DB_POOL_MAX',
    minimum: 1,
    maximum: 1000,
    default: 25,
    description: 'maximum number of PostgreSQL connections per process',
  }),
  dbPoolMin: Type.Integer({
    name: 'CLOUD_DB_POOL_MIN',
    minimum: 0,
    maximum: 1000,
    default: 5,
    description: 'number of connections to keep open when idle',
  }),
  logLevel: Type.Enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace'], {
    name: 'CLOUD_LOG_LEVEL',
    default: 'info',
    description: 'lowest level to write to the logs',
  }),
  region: Type.String({
    name: 'CLOUD_REGION',
    pattern: '^[a-z]{2,}(-[a-z]+)+-\\d{1,2}$',
    expected: 'a region name like us-east-1',
    default: 'us-east-1',
    description: 'name of the region. Choose it once: resource names contain it',
  }),
  auditMinDays: Type.Integer({
    name: 'CLOUD_AUDIT_MIN_DAYS',
    minimum: 1,
    maximum: 36_500,
    default: 30,
    description: 'fewest days for which a tenant may keep its audit trail',
  }),
  auditMaxDays: Type.Integer({
    name: 'CLOUD_AUDIT_MAX_DAYS',
    minimum: 1,
    maximum: 36_500,
    default: 3650,
    description: 'most days for which a tenant may keep its audit trail',
  }),
  eventsPerTenant: Type.Integer({
    name: 'CLOUD_EVENTS_PER_TENANT',
    minimum: 10_000,
    maximum: 1_000_000_000,
    default: 1_000_000,
    description:
      'events to keep of one tenant, the newest, and none longer than 30 days; a million take some 600 MB of the database',
  }),
  registration: Type.Enum(['open', 'closed'], {
    name: 'CLOUD_REGISTRATION',
    default: 'open',
    description: 'closed: only the first user can register',
  }),
  publicUrl: Type.Optional(
    Type.Decode(
      Type.String({
        name: 'CLOUD_PUBLIC_URL',
        description: 'URL at which people reach the API, for mails; empty: http:// and CLOUD_LISTEN',
      }),
      readPublicUrl,
    ),
  ),
  hosts: Type.Decode(
    Type.String({
      name: 'CLOUD_HOSTS',
      default: '',
      description:
        "comma-separated names by which people reach the API, beside its addresses, localhost, this machine's host name and the host of CLOUD_PUBLIC_URL. Requests to other names are refused, for example cloud.example.com",
    }),
    readHosts,
  ),
  smtpUrl: Type.Optional(
    Type.Decode(
      Type.String({
        name: 'CLOUD_SMTP_URL',
        description:
          'mail server: smtp://user:password@host:587 with STARTTLS, or smtps://…:465. Without STARTTLS only on loopback. Empty: mails wait until they expire. Keep it secret',
      }),
      readSmtpUrl,
    ),
  ),
  mailFrom: Type.Optional(
    Type.Decode(
      Type.String({
        name: 'CLOUD_MAIL_FROM',
        description: 'sender of mails: an address, or Name <address>',
      }),
      readMailFrom,
    ),
  ),
  egress: Type.Enum(['host', 'none'], {
    name: 'CLOUD_EGRESS',
    default: 'host',
    description: 'host: instances reach the outside through this machine by NAT. none: instances reach only their VPC',
  }),
  callNetworks: Type.Decode(
    Type.String({
      name: 'CLOUD_CALL_NETWORKS',
      default: '',
      description:
        'comma-separated addresses or networks that are not public, which calls of tenants may reach, such as those of cron jobs: 192.168.1.0/24 for services at home; empty: none',
    }),
    readNetworks,
  ),
  storageSizeGb: Type.Optional(
    Type.Integer({
      name: 'CLOUD_STORAGE_SIZE_GB',
      minimum: 2,
      maximum: 1_000_000,
      description: 'size in GiB of the pool for instances and volumes; empty: chosen from the free disk space',
    }),
  ),
  overcommitCpu: Type.Number({
    name: 'CLOUD_OVERCOMMIT_CPU',
    minimum: 0.1,
    maximum: 100,
    default: 4,
    description: 'virtual CPUs to allocate per physical CPU',
  }),
  overcommitMemory: Type.Number({
    name: 'CLOUD_OVERCOMMIT_MEMORY',
    minimum: 0.1,
    maximum: 10,
    default: 1,
    description: 'memory to allocate per byte of physical memory',
  }),
  overcommitDisk: Type.Number({
    name: 'CLOUD_OVERCOMMIT_DISK',
    minimum: 0.1,
    maximum: 100,
    default: 1,
    description:
      'disk space to allocate per byte of free disk; above 1, instances that fill their disks can fill the pool for everybody',
  }),
  writesPerDay: Type.Integer({
    name: 'CLOUD_WRITES_PER_DAY',
    minimum: 1_000,
    maximum: 1_000_000_000,
    default: 250_000,
    description:
      'changes that a tenant may make a day, and a tenth of them at once; each adds about 2 KiB to the audit trail and the events. Of each process of the API. The default is three a second around the clock',
  }),
  rateLimit: Type.Integer({
    name: 'CLOUD_RATE_LIMIT',
    minimum: 1,
    maximum: 1_000_000,
    default: 1000,
    description:
      'requests per second and API key, with bursts of three times as many; all keys of a tenant together may make twice as many. Each API process counts for itself',
  }),
  authRateLimit: Type.Integer({
    name: 'CLOUD_AUTH_RATE_LIMIT',
    minimum: 1,
    maximum: 1_000_000,
    default: 10,
    description: 'registrations and logins per minute and address',
  }),
  trustedProxies: Type.Decode(
    Type.String({
      name: 'CLOUD_TRUSTED_PROXIES',
      default: '',
      description:
        "comma-separated addresses or networks of proxies in front of the API. Limits and audit then take the caller's address from their X-Forwarded-For",
    }),
    readNetworks,
  ),
  corsOrigins: Type.Decode(
    Type.String({
      name: 'CLOUD_CORS_ORIGINS',
      default: '',
      description:
        'comma-separated origins whose web pages may call the REST API from a browser, for example https://console.example.com; empty: none',
    }),
    readOrigins,
  ),
  slowPassesMs: Type.Integer({
    name: 'CLOUD_SLOW_PASSES_MS',
    minimum: 0,
    maximum: 10_000,
    default: 0,
    description: 'for tests: maximum delay of each reconcile step, in milliseconds',
  }),
  testMode: Type.Boolean({
    name: 'CLOUD_TEST_MODE',
    default: false,
    description: 'on: enable guards that turn mistakes in the platform into errors',
  }),
};

export const ROWS = Object.entries(SETTINGS) as unknown as readonly (readonly [keyof typeof SETTINGS, Setting])[];

/** Every setting as it is read. Those that are optional and not given are undefined. */
export type Values = {
  readonly [K in keyof typeof SETTINGS]: (typeof SETTINGS)[K] extends Setting<infer T> ? T : never;
};
