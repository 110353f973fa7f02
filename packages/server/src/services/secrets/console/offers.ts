/** The operations that the pages in this folder offer, beside the derived ones. */
export const offers: readonly string[] = [
  'secrets.reveal',
  'secrets.put',
  'secrets.versions',
  'secrets.moveStage',
  'secrets.randomPassword',
];
