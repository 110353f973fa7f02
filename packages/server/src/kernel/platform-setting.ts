import Type, { type Static, type TSchema } from 'typebox';
import type { Sql } from './sql/tx.ts';
import { compileValidator } from './validate.ts';

/**
 * A setting that the operator changes while the platform runs. Who needs it reads it in the transaction that it decides about, so that a change
 * holds at once in every process, and nothing has to be announced or kept.
 */
export interface PlatformSetting<S extends TSchema = TSchema> {
  /** `session_hours`. */
  readonly name: string;
  /** A whole number, an enum or a text. */
  readonly schema: S;
  readonly default: Static<S>;
  readonly description: string;
  /** For what is decided where the setting cannot be read: writes it there too. */
  apply?(sql: Sql, value: Static<S>): Promise<void>;
}

/** Keeps the type of the value. */
export const platformSetting = <const S extends TSchema>(setting: PlatformSetting<S>): PlatformSetting<S> => setting;

/** The value now. */
export async function readSetting<S extends TSchema>(sql: Sql, setting: PlatformSetting<S>): Promise<Static<S>> {
  const [row] = await sql.query<{ value: string }>(
    'kernel.read_setting',
    'select value from platform_settings where name = $1',
    [setting.name],
  );
  return row === undefined ? setting.default : (valueOf(setting, row.value) as Static<S>);
}

/** Reads what a person gave as a setting's value. Throws INVALID_INPUT for what the setting does not allow. */
export function parseSetting<S extends TSchema>(setting: PlatformSetting<S>, text: string): Static<S> {
  const validate = compileValidator(Type.Object({ value: setting.schema }));
  return (validate({ value: valueOf(setting, text) }) as { readonly value: Static<S> }).value;
}

const valueOf = ({ schema }: PlatformSetting, text: string): unknown =>
  (schema as { readonly type?: string }).type === 'integer' && /^-?\d{1,15}$/.test(text) ? Number(text) : text;

/** The name of the setting that holds the default maximum of a quota. */
export const quotaSettingName = (resource: string): string => `quota.${resource}`;
