/** The size of an instance that is launched without one. */
export const DEFAULT_TYPE = 'basic-2';

/** Images that an instance may be launched from; the engine has a recipe for each. */
export const IMAGES = ['busybox', 'debian/12'] as const;
