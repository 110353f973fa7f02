/** Whether an engine can work on this machine now. `missing` says in one sentence what is missing and how to install it. */
export type Availability = { readonly ok: true } | { readonly ok: false; readonly missing: string };
