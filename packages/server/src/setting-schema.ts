/**
 * What a setting can be: data that the check, an error and `--help` read alike. No library is behind it: `npm start` reads the settings
 * before it has installed one.
 */
export interface Setting<T = unknown> extends Facts {
  readonly type?: 'string' | 'boolean' | 'integer' | 'number';
  readonly enum?: readonly string[];
  /** One sentence about a value of the right type that is not allowed. */
  readonly refuse?: (value: string) => string | undefined;
  /** What the rest of the platform gets; throws SettingsError with what is allowed. */
  readonly read?: (value: string) => T;
  /** Never there: carries the type of the value. */
  readonly '~value'?: T;
}

interface Facts {
  readonly name: string;
  readonly description: string;
  readonly default?: string | number | boolean;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
  /** What a text must be, in words, where it has a pattern. */
  readonly expected?: string;
}

/** The kinds of settings, in the words of JSON Schema. */
export const Type = {
  Enum: <const T extends string>(words: readonly T[], facts: Facts): Setting<T> => ({ ...facts, enum: words }),
  String: (facts: Facts): Setting<string> => ({ ...facts, type: 'string' }),
  Integer: (facts: Facts): Setting<number> => ({ ...facts, type: 'integer' }),
  Number: (facts: Facts): Setting<number> => ({ ...facts, type: 'number' }),
  Boolean: (facts: Facts): Setting<boolean> => ({ ...facts, type: 'boolean' }),
  /** Undefined where it is not given and has no default. */
  Optional: <T>(setting: Setting<T>): Setting<T | undefined> => setting,
  Decode: <T>(setting: Setting<string>, read: (value: string) => T): Setting<T> => ({
    ...(setting as Omit<Setting, '~value'>),
    read,
  }),
  Refine: (
    setting: Setting<string>,
    isAllowed: (value: string) => boolean,
    why: (value: string) => string,
  ): Setting<string> => ({ ...setting, refuse: (value) => (isAllowed(value) ? undefined : why(value)) }),
};

/** Whether a value is of the setting's type and within its bounds. */
export function fits(setting: Setting, value: unknown): boolean {
  if (setting.enum) return typeof value === 'string' && setting.enum.includes(value);
  if (setting.type === 'integer' || setting.type === 'number') {
    const { minimum = -Infinity, maximum = Infinity } = setting;
    return (
      typeof value === 'number' &&
      value >= minimum &&
      value <= maximum &&
      (setting.type === 'number' || Number.isInteger(value))
    );
  }
  if (setting.type === 'boolean') return typeof value === 'boolean';
  return typeof value === 'string' && new RegExp(setting.pattern ?? '').test(value);
}
