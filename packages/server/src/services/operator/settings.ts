import Type, { type Static } from 'typebox';
import { operation } from '../../kernel/operation.ts';
import { pageInput, pageRequest, toPage } from '../../kernel/page.ts';
import { parseSetting, type PlatformSetting } from '../../kernel/platform-setting.ts';
import { type Handlers, type Kind, service } from '../../kernel/service.ts';
import type { Sql } from '../../kernel/sql/tx.ts';
import { settingExamples } from './examples.ts';

const Setting = Type.Object(
  {
    name: Type.String(),
    value: Type.String({ description: 'The value now' }),
    default: Type.String(),
    description: Type.String(),
    updated_at: Type.Optional(Type.String({ format: 'date-time', description: 'Absent: it has its default' })),
    updated_by: Type.Optional(Type.String({ format: 'uuid', description: 'Id of the operator who set it' })),
  },
  { $id: 'Setting' },
);

const setting = Type.String({
  minLength: 1,
  maxLength: 100,
  description: 'As in the list: registration, session_hours …',
});
const shared = {
  scope: 'operator',
  output: Setting,
  target: { kind: 'setting', param: 'setting' },
  answers: 'setting',
  cli: { args: ['setting'] },
} as const;
const byName = Type.Object({ setting }, { additionalProperties: false });

export const settingOperations = {
  list: operation({
    summary: 'List the settings that you can change while the platform runs',
    effect: 'list',
    scope: 'operator',
    http: { method: 'GET', path: '/operator/settings' },
    input: Type.Object({ ...pageInput }, { additionalProperties: false }),
    output: Setting,
    answers: 'setting',
    cli: { columns: ['name', 'value', 'default', 'description'] },
  }),
  get: operation({
    ...shared,
    summary: 'Get a setting',
    effect: 'read',
    http: { method: 'GET', path: '/operator/settings/:setting' },
    input: byName,
  }),
  set: operation({
    ...shared,
    summary: 'Set a setting',
    description: 'Holds immediately in all processes, and after a restart.',
    effect: 'update',
    http: { method: 'PUT', path: '/operator/settings/:setting' },
    input: Type.Object(
      { setting, value: Type.String({ maxLength: 2000, description: 'A number is written as text too' }) },
      { additionalProperties: false },
    ),
    cli: { args: ['setting', 'value'] },
  }),
  reset: operation({
    ...shared,
    summary: 'Set a setting back to its default',
    effect: 'action',
    http: { method: 'POST', path: '/operator/settings/:setting/reset' },
    input: byName,
  }),
};

interface SettingRow {
  readonly name: string;
  readonly value: string;
  readonly updated_at: Date;
  readonly updated_by: string | null;
}

const present = (setting: PlatformSetting, row: SettingRow | undefined): Static<typeof Setting> => ({
  name: setting.name,
  value: row?.value ?? String(setting.default),
  default: String(setting.default),
  description: setting.description,
  ...(row ? { updated_at: row.updated_at.toISOString() } : {}),
  ...(row?.updated_by ? { updated_by: row.updated_by } : {}),
});

/** A setting with its row, if it has not its default. */
interface Found {
  readonly setting: PlatformSetting;
  readonly row: SettingRow | undefined;
}

async function rowsOf(sql: Sql, names: readonly string[]): Promise<ReadonlyMap<string, SettingRow>> {
  const rows = await sql.query<SettingRow>(
    'operator.settings',
    'select name, value, updated_at, updated_by from platform_settings where name = any($1)',
    [names],
  );
  return new Map(rows.map((row) => [row.name, row]));
}

const createHandlers = (
  settings: () => readonly PlatformSetting[],
): Handlers<typeof settingOperations, { setting: Found }> => ({
  async list({ sql, input }) {
    const page = pageRequest(input, (text) => /^[a-z_.]{1,100}$/.test(text));
    const rest = settings()
      .filter((setting) => page.after === null || setting.name > page.after)
      .sort((one, other) => (one.name < other.name ? -1 : 1));
    const { items, nextCursor } = toPage(rest, page.limit, (setting) => setting.name);
    const rows = await rowsOf(
      sql,
      items.map((setting) => setting.name),
    );
    return {
      items: items.map((setting) => ({ setting, row: rows.get(setting.name) })),
      ...(nextCursor === undefined ? {} : { nextCursor }),
    };
  },

  async set({ sql, target, input, userId, now, unchanged }) {
    const { setting } = target;
    const value: unknown = parseSetting(setting, input.value);
    if (target.row?.value === String(value)) return unchanged(target);
    const row = { name: setting.name, value: String(value), updated_at: now, updated_by: userId };
    await sql.query(
      'operator.set_setting',
      `insert into platform_settings (name, value, updated_at, updated_by) values ($1, $2, $3, $4)
       on conflict (name) do update set value = excluded.value, updated_at = excluded.updated_at, updated_by = excluded.updated_by`,
      [row.name, row.value, now, userId],
    );
    await setting.apply?.(sql, value as never);
    return { setting, row };
  },

  async reset({ sql, target, unchanged }) {
    const { setting } = target;
    if (!target.row) return unchanged(target);
    await sql.query('operator.reset_setting', 'delete from platform_settings where name = $1', [setting.name]);
    await setting.apply?.(sql, setting.default as never);
    return { setting, row: undefined };
  },
});

/** Settings that change at run time, of all services. */
export const createSettingsService = ({ settings }: { readonly settings: () => readonly PlatformSetting[] }) => {
  const kind: Kind<Found> = {
    noun: 'setting',
    async find(sql, { ref }) {
      const setting = settings().find((one) => one.name === ref);
      return setting && { setting, row: (await rowsOf(sql, [ref])).get(ref) };
    },
    id: ({ setting }) => setting.name,
    present: ({ setting, row }) => present(setting, row),
  };
  return service({
    name: 'settings',
    resource: 'setting',
    title: 'Settings at run time',
    operations: settingOperations,
    authority: true,
    console: {
      group: 'operator',
      heading: 'Settings',
      icon: 'sliders-horizontal',
      order: 4,
      summary: 'A setting changes how the platform works, at once and without a restart.',
      references: { updated_by: 'operated_user' },
    },
    handlers: createHandlers(settings),
    kinds: { setting: kind },
    examples: settingExamples,
  });
};
