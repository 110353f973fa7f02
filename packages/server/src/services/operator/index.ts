export { createAdminSessionsService } from './sessions.ts';
export { createSettingsService } from './settings.ts';
export { createStatusService } from './status.ts';
export { createAdminTenantsService } from './tenants.ts';
export { createAdminUsersService } from './users.ts';
