export { PLACEMENT_ERRORS } from './errors.ts';
export { placeOnHost } from './place.ts';
