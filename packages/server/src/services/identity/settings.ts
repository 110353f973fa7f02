import Type from 'typebox';
import { type PlatformSetting, platformSetting } from '../../kernel/platform-setting.ts';

/** Hours that a session key of a login lives. */
export const SESSION_HOURS = platformSetting({
  name: 'session_hours',
  schema: Type.Integer({ minimum: 1, maximum: 24 * 30 }),
  default: 24,
  description: 'Hours until a login expires; sessions that exist keep their time',
});

/** Whether anybody may register; the first user always may. `register_user` reads it from the platform's row, under its lock. */
export const registrationSetting = (preset: 'open' | 'closed' = 'open'): PlatformSetting =>
  platformSetting({
    name: 'registration',
    schema: Type.Enum(['open', 'closed']),
    default: preset,
    description: 'open: anybody can register; closed: nobody new can. The default is CLOUD_REGISTRATION',
    async apply(sql, value) {
      await sql.query('identity.set_registration', 'update platform set registration_open = $1', [value === 'open']);
    },
  });
