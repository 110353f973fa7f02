import Type from 'typebox';
import { byRef, deleteOperation, getOperation, listOperation, ref } from '../../kernel/builders.ts';
import { operation } from '../../kernel/operation.ts';
import { pageInput } from '../../kernel/page.ts';
import { LIMITS, Secret } from './secret.ts';
import { CURRENT, SecretVersion, StoredVersion } from './version.ts';

const secret = { kind: 'secret', title: 'a secret', path: '/secrets', output: Secret } as const;
const target = { kind: 'secret', param: 'id' } as const;
const write = { permission: 'secret:write' } as const;

const labels = Type.Record(Type.String({ pattern: '^.{1,128}$' }), Type.String({ maxLength: 256 }), {
  maxProperties: LIMITS.labels,
  additionalProperties: false,
  'x-form': '1 to 128 characters on one line',
});
const description = Type.String({ maxLength: LIMITS.description });
/** Base64 of the longest value is a third longer. The handler counts bytes. */
const value = Type.String({
  minLength: 1,
  maxLength: Math.ceil(LIMITS.value / 3) * 4,
  description: 'The value: text, or base64 with encoding base64; at most 65536 bytes',
});
const encoding = Type.Optional(
  Type.Enum(['text', 'base64'], { description: 'How value is written; default text. Use base64 for bytes' }),
);
const stage = Type.String({
  minLength: 1,
  maxLength: 256,
  pattern: '^[A-Za-z0-9_./:=+@-]+$',
  'x-form': 'letters, digits and _./:=+@- only',
});
const versionId = {
  minLength: 1,
  maxLength: 64,
  pattern: '^[A-Za-z0-9._-]+$',
  'x-form': 'letters, digits, ., - and _ only',
};
/** Each character of a value may be six in JSON. */
const bodyLimit = 512 << 10;

export const RevealedSecret = Type.Object(
  {
    id: Type.String({ format: 'uuid' }),
    name: Type.String(),
    value: Type.String({ description: 'The value as it was given: text, or base64' }),
    encrypted_value: Type.String({ description: 'The same under the name that older clients read' }),
    encoding: Type.String({ description: 'text or base64' }),
    version_id: Type.String(),
    stages: Type.Array(Type.String()),
    created_at: Type.String({ format: 'date-time', description: 'When this version was stored' }),
  },
  { $id: 'RevealedSecret' },
);

export const secretOperations = {
  create: operation({
    summary: 'Create a secret',
    description:
      'Stores the value encrypted. Without a value the secret has none until one is put. No answer shows the value, except that of reading it, which is audited.',
    effect: 'create',
    http: { method: 'POST', path: '/secrets' },
    input: Type.Object(
      {
        name: Type.String({
          minLength: 1,
          maxLength: LIMITS.name,
          pattern: '^(?!\\.{1,2}$)[A-Za-z0-9_./+=@-]{1,255}$',
          'x-form': 'letters, digits and _./+=@- only, and not . or ..',
          description: 'Letters, digits and _./+=@-; unique in the tenant',
        }),
        value: Type.Optional(value),
        encoding,
        generate_length: Type.Optional(
          Type.Integer({
            minimum: 8,
            maximum: LIMITS.password.max,
            description: 'In place of a value: a random password of so many characters',
          }),
        ),
        version_id: Type.Optional(Type.String({ ...versionId, description: 'Id of the version; default a new one' })),
        description: Type.Optional(description),
        labels: Type.Optional(labels),
      },
      { additionalProperties: false },
    ),
    output: Secret,
    creates: 'secret',
    uses: ['secrets'],
    answers: 'secret',
    secrets: ['value'],
    bodyLimit,
    cli: { args: ['name'], custom: true },
  }),
  list: listOperation({ ...secret, title: 'secrets' }, ['id', 'name', 'status', 'last_accessed_at', 'updated_at'], {
    description:
      'A filter is name:, description:, label_key:, label_value: or all: and a text with which a name, a value of a label or a word begins. Several of one kind are alternatives; those of different kinds hold together. A ! before the text turns it round.',
    input: Type.Object(
      {
        ...pageInput,
        filter: Type.Optional(
          Type.Array(
            Type.String({
              minLength: 1,
              maxLength: 512,
              pattern: '^(name|description|label_key|label_value|all):',
              'x-form': 'name:, description:, label_key:, label_value: or all: and a text',
            }),
            { maxItems: 100, description: 'Only secrets that fit, such as name:prod/' },
          ),
        ),
        deleting: Type.Optional(
          Type.Boolean({ description: 'Whether to list those that are being deleted too; default true' }),
        ),
      },
      { additionalProperties: false },
    ),
  }),
  get: getOperation(secret, {
    summary: 'Get what is known of a secret, without its value',
    http: { method: 'GET', path: '/secrets/:id/metadata' },
  }),
  reveal: operation({
    summary: 'Read the value of a secret',
    description: 'Leaves a row in the audit trail. If the row cannot be written, the value is not shown.',
    effect: 'read',
    audited: true,
    audit: 'secret.access',
    event: 'SECRET_ACCESS',
    http: { method: 'GET', path: '/secrets/:id' },
    input: Type.Object(
      {
        id: ref,
        version_id: Type.Optional(Type.String({ ...versionId, description: 'Only this version' })),
        stage: Type.Optional(Type.String({ ...stage, description: `The version with this stage; default ${CURRENT}` })),
      },
      { additionalProperties: false },
    ),
    output: RevealedSecret,
    errors: ['SECRET_HAS_NO_VALUE', 'CONFLICT'],
    target,
    shownOnce: ['value', 'encrypted_value'],
    console: 'custom',
    cli: { args: ['id'], custom: true },
  }),
  update: operation({
    summary: 'Change what is known of a secret',
    effect: 'update',
    http: { method: 'PATCH', path: '/secrets/:id' },
    input: Type.Object(
      {
        id: ref,
        description: Type.Optional(
          Type.Union([description, Type.Null()], { description: 'What it is for; null takes it away' }),
        ),
      },
      { additionalProperties: false },
    ),
    output: Secret,
    target,
    answers: 'secret',
    ...write,
    bodyLimit: 16 << 10,
    cli: { args: ['id'] },
  }),
  put: operation({
    summary: 'Store a new value of a secret',
    description: `The value becomes the current one, and the one before becomes AWSPREVIOUS, unless stages says otherwise. The ${LIMITS.versions} newest versions are kept, and those with a stage.`,
    effect: 'action',
    http: { method: 'POST', path: '/secrets/:id/versions', status: 201 },
    input: Type.Object(
      {
        id: ref,
        value,
        encoding,
        version_id: Type.Optional(
          Type.String({
            ...versionId,
            description: 'Id of the version; default a new one. Storing the same value again under it does nothing',
          }),
        ),
        stages: Type.Optional(
          Type.Array(stage, {
            maxItems: LIMITS.stagesOfVersion,
            uniqueItems: true,
            description: `Default ${CURRENT}`,
          }),
        ),
      },
      { additionalProperties: false },
    ),
    output: StoredVersion,
    errors: ['SECRET_VERSION_EXISTS'],
    target,
    secrets: ['value'],
    ...write,
    event: 'SECRET_VALUE_PUT',
    bodyLimit,
    console: 'custom',
    cli: { args: ['id'], custom: true },
  }),
  versions: operation({
    summary: 'List the versions of a secret, without their values',
    effect: 'list',
    http: { method: 'GET', path: '/secrets/:id/versions' },
    input: Type.Object({ id: ref, ...pageInput }, { additionalProperties: false }),
    output: SecretVersion,
    target,
    console: 'custom',
    cli: { args: ['id'], columns: ['number', 'id', 'stages', 'encoding', 'size', 'created_at'] },
  }),
  moveStage: operation({
    summary: 'Move a stage from one version of a secret to another',
    description: `Moving ${CURRENT} makes another version the current one, and the one before AWSPREVIOUS.`,
    effect: 'action',
    http: { method: 'POST', path: '/secrets/:id/stages' },
    input: Type.Object(
      {
        id: ref,
        stage,
        move_to: Type.Union([Type.String(versionId), Type.Null()], {
          description: 'Id of the version that gets the stage; null takes it away',
        }),
        remove_from: Type.Optional(
          Type.Union([Type.String(versionId), Type.Null()], {
            description: 'Id of the version where it must be now, null for none; default wherever it is',
          }),
        ),
      },
      { additionalProperties: false },
    ),
    output: Secret,
    target,
    answers: 'secret',
    ...write,
    event: 'SECRET_STAGE_MOVED',
    console: 'custom',
    cli: { args: ['id', 'stage'] },
  }),
  delete: deleteOperation(secret, {
    description: `The secret can be restored for ${LIMITS.recovery.max} days, or for recovery_days; until then its name is taken and its value cannot be read. With force it is gone at once.`,
    input: Type.Object(
      {
        id: ref,
        recovery_days: Type.Optional(
          Type.Integer({
            minimum: LIMITS.recovery.min,
            maximum: LIMITS.recovery.max,
            description: `Days in which it can be restored; default ${LIMITS.recovery.max}`,
          }),
        ),
        force: Type.Optional(Type.Boolean({ description: 'Delete it at once, for good' })),
      },
      { additionalProperties: false },
    ),
  }),
  restore: operation({
    summary: 'Restore a secret that is being deleted',
    effect: 'action',
    http: { method: 'POST', path: '/secrets/:id/restore' },
    input: byRef,
    output: Secret,
    target,
    answers: 'secret',
    ...write,
    cli: { args: ['id'] },
  }),
  setLabels: operation({
    summary: 'Add labels to a secret, or change them',
    effect: 'update',
    http: { method: 'POST', path: '/secrets/:id/labels' },
    input: Type.Object({ id: ref, labels }, { additionalProperties: false }),
    output: Secret,
    target,
    answers: 'secret',
    bodyLimit: 32 << 10,
    ...write,
    cli: { args: ['id'] },
  }),
  removeLabels: operation({
    summary: 'Remove labels from a secret',
    effect: 'update',
    http: { method: 'DELETE', path: '/secrets/:id/labels' },
    input: Type.Object(
      {
        id: ref,
        keys: Type.Array(Type.String({ minLength: 1, maxLength: 128 }), { minItems: 1, maxItems: LIMITS.labels }),
      },
      { additionalProperties: false },
    ),
    output: Secret,
    target,
    answers: 'secret',
    ...write,
    cli: { args: ['id'], flags: { keys: 'key' } },
  }),
  randomPassword: operation({
    summary: 'Make a random password',
    description: 'It is stored nowhere.',
    effect: 'read',
    http: { method: 'GET', path: '/random-password' },
    input: Type.Object(
      {
        length: Type.Optional(
          Type.Integer({
            minimum: LIMITS.password.min,
            maximum: LIMITS.password.max,
            description: 'Characters; default 32',
          }),
        ),
        exclude_characters: Type.Optional(Type.String({ minLength: 1, maxLength: 4_096 })),
        exclude_lowercase: Type.Optional(Type.Boolean()),
        exclude_uppercase: Type.Optional(Type.Boolean()),
        exclude_numbers: Type.Optional(Type.Boolean()),
        exclude_punctuation: Type.Optional(Type.Boolean()),
        include_space: Type.Optional(Type.Boolean()),
        require_each_type: Type.Optional(
          Type.Boolean({ description: 'At least one of each type that is not excluded; default true' }),
        ),
      },
      { additionalProperties: false },
    ),
    output: Type.Object({ password: Type.String() }, { $id: 'RandomPassword' }),
    shownOnce: ['password'],
    console: 'custom',
  }),
};
