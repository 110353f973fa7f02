/** Seconds that a temporary key lives: AWS's. */
export const SESSION_SECONDS = { min: 900, max: 129_600, usual: 43_200 } as const;
