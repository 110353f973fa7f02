export { permissionsOf, requireKnown } from './permissions.ts';
