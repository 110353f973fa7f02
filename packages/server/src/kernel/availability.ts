/** What an engine can do on this machine now; `missing` says in one sentence what is missing and how to get it. */
export type Availability = { readonly ok: true } | { readonly ok: false; readonly missing: string };
